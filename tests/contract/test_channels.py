"""Channels and notifications over HTTP, with a real receiver."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.alerts.receiver import Receiver, running
from tests.conftest import User
from tests.contract.calls import Row, unique
from tests.contract.problems import assert_problem, assert_refused

# Ten times what a test delivery takes on a busy machine.
ARRIVES_SECONDS = 30.0


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


def make(client: httpx.Client, user: User, url: str) -> Row:
    response = client.post("/channels", json={"name": unique("channel"), "url": url}, headers=user.headers)
    assert response.status_code == 201, response.text
    channel: Row = response.json()
    return channel


def tried(client: httpx.Client, user: User, channel: Row) -> Row:
    """Press the test button; the notification after its first attempt."""
    answer = client.post(f"/channels/{channel['channel_id']}/test", headers=user.headers)
    assert answer.status_code == 202
    notification: Row = answer.json()
    assert (notification["state"], notification["attempts"]) == ("queued", 0)
    deadline = time.monotonic() + ARRIVES_SECONDS
    while notification["state"] == "queued" and notification["last_error"] is None:
        assert time.monotonic() < deadline, notification
        time.sleep(0.05)
        path = f"/notifications/{notification['notification_id']}"
        notification = client.get(path, headers=user.headers).raise_for_status().json()
    return notification


def test_the_test_button_delivers(client: httpx.Client, user: User, receiver: Receiver) -> None:
    channel = make(client, user, receiver.url("/ok"))
    notification = tried(client, user, channel)
    assert (notification["state"], notification["attempts"], notification["last_error"]) == ("delivered", 1, None)
    assert notification["delivered_at"]
    came = receiver.deliveries[-1]
    assert came.headers["webhook-id"] == notification["notification_id"]
    assert came.body["data"] == notification["body"]
    assert came.body["data"]["channel"] == channel["name"]


def test_a_failure_is_told_and_tried_again(client: httpx.Client, user: User, receiver: Receiver) -> None:
    notification = tried(client, user, make(client, user, receiver.url("/500")))
    assert notification["state"] == "queued"
    assert notification["last_error"] == "The receiver answered 500"
    assert notification["next_at"]


def test_what_cannot_arrive_is_dead_visible_and_can_be_sent_again(client: httpx.Client, newcomer: User) -> None:
    channel = make(client, newcomer, "http://169.254.169.254/latest/meta-data/")
    dead = tried(client, newcomer, channel)
    assert (dead["state"], dead["attempts"]) == ("dead", 1)
    assert "no public address" in dead["last_error"]
    (attempt,) = dead.pop("history")
    assert (attempt["delivered"], attempt["error"]) == (False, dead["last_error"])
    listed = client.get("/notifications", params={"state": "dead"}, headers=newcomer.headers).json()
    assert listed == [dead]
    again = client.post(f"/notifications/{dead['notification_id']}/retry", headers=newcomer.headers)
    assert again.status_code == 202
    assert (again.json()["state"], again.json()["attempts"]) == ("queued", 0)


def test_what_arrived_is_not_sent_again(client: httpx.Client, user: User, receiver: Receiver) -> None:
    done = tried(client, user, make(client, user, receiver.url("/ok")))
    assert_problem(client.post(f"/notifications/{done['notification_id']}/retry", headers=user.headers), 409)


def test_the_secret_is_shown_once(client: httpx.Client, user: User, receiver: Receiver) -> None:
    channel = make(client, user, receiver.url("/ok"))
    assert channel.pop("secret").startswith("whsec_")
    assert client.get(f"/channels/{channel['channel_id']}", headers=user.headers).json() == channel
    assert channel in client.get("/channels", headers=user.headers).json()


def test_a_deleted_channel_is_gone_with_its_notifications(
    client: httpx.Client, newcomer: User, receiver: Receiver
) -> None:
    channel = make(client, newcomer, receiver.url("/ok"))
    notification = tried(client, newcomer, channel)
    path = f"/channels/{channel['channel_id']}"
    assert client.delete(path, headers=newcomer.headers).status_code == 204
    assert_problem(client.get(path, headers=newcomer.headers), 404)
    assert_problem(client.get(f"/notifications/{notification['notification_id']}", headers=newcomer.headers), 404)
    assert client.get("/notifications", headers=newcomer.headers).json() == []


@pytest.mark.parametrize(
    "url",
    ["", "example.com/hook", "ftp://example.com/", "https://", "https://user:secret@example.com/", "javascript:1",
     "http://[::1", "http://example.com:99999/", "https://example.com/#part", "http://exa mple.com/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_by_name(client: httpx.Client, user: User, url: str) -> None:
    response = client.post("/channels", json={"name": unique("channel"), "url": url}, headers=user.headers)
    assert_refused(response, "url")


def test_names_are_unique_and_fields_known(client: httpx.Client, user: User) -> None:
    body = {"name": unique("channel"), "url": "https://example.com/"}
    assert client.post("/channels", json=body, headers=user.headers).status_code == 201
    assert_problem(client.post("/channels", json=body, headers=user.headers), 409)
    assert_refused(client.post("/channels", json={**body, "colour": "red"}, headers=user.headers), "colour")
    assert_refused(client.post("/channels", json={**body, "kind": "pigeon"}, headers=user.headers), "kind")


def test_notifications_come_in_pages_newest_first(client: httpx.Client, newcomer: User, receiver: Receiver) -> None:
    channel = make(client, newcomer, receiver.url("/ok"))
    made = [tried(client, newcomer, channel)["notification_id"] for _ in range(3)]
    page = client.get("/notifications", params={"limit": 2, "state": "delivered"}, headers=newcomer.headers)
    rest = client.get(page.links["next"]["url"], headers=newcomer.headers)
    assert [row["notification_id"] for row in page.json() + rest.json()] == made[::-1]
    other = {"channel_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    assert client.get("/notifications", params=other, headers=newcomer.headers).json() == []
