"""Channels and notifications over HTTP, with a real receiver."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.alerts.channels.webhook import sign
from tests.alerts.receiver import Delivery, Receiver, running
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


def delivery(receiver: Receiver, notification: Row) -> Delivery:
    """Its newest request: the channels of other tests of this file try again in between."""
    return [came for came in receiver.deliveries if came.headers["webhook-id"] == notification["notification_id"]][-1]


def test_the_test_button_delivers(client: httpx.Client, user: User, receiver: Receiver) -> None:
    channel = make(client, user, receiver.url("/ok"))
    notification = tried(client, user, channel)
    assert (notification["state"], notification["attempts"], notification["last_error"]) == ("delivered", 1, None)
    assert notification["delivered_at"]
    came = delivery(receiver, notification)
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


def make_kind(client: httpx.Client, user: User, **fields: Any) -> Row:
    response = client.post("/channels", json={"name": unique("channel"), **fields}, headers=user.headers)
    assert response.status_code == 201, response.text
    channel: Row = response.json()
    return channel


SMTP = {"host": "smtp.example.com", "port": 465, "security": "tls", "username": "ana", "password": "violet-otter-42"}
KINDS: list[Row] = [
    {"kind": "email", "to": ["ana@example.com"], "smtp": {**SMTP, "sender": "s@example.com"}},
    {"kind": "email", "to": ["a@b.c"], "smtp": {"host": "smtp.example.com", "sender": "very-plain@example.com"}},
    {"kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/very-secret"},
    {"kind": "telegram", "chat_id": "@field", "token": "123456:very-secret"},
]


@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: str(fields["kind"]))
def test_a_secret_that_was_given_is_never_given_out(client: httpx.Client, user: User, fields: Row) -> None:
    channel = make_kind(client, user, **fields)
    path = f"/channels/{channel['channel_id']}"
    shown = [
        channel,
        client.get(path, headers=user.headers).json(),
        client.patch(path, json={"language": "pt"}, headers=user.headers).json(),
        client.get("/audit", headers=user.headers).json(),
    ]
    assert "very-secret" not in str(shown)
    assert "violet-otter" not in str(shown)
    assert (shown[1]["language"], shown[2]["language"], channel["secret"]) == ("en", "pt", None)
    assert (channel["group_seconds"], channel["events"]) == (10, ["opened", "resolved"])


def test_what_a_channel_is_told_can_be_changed(client: httpx.Client, newcomer: User, receiver: Receiver) -> None:
    channel = make(client, newcomer, receiver.url("/500"))
    path = f"/channels/{channel['channel_id']}"

    def change(**fields: Any) -> Row:
        answer = client.patch(path, json=fields, headers=newcomer.headers)
        assert answer.status_code == 200, answer.text
        found: Row = answer.json()
        return found

    assert change(url=receiver.url("/ok"), group_seconds=30, per_minute=5)["url"] == receiver.url("/ok")
    notification = tried(client, newcomer, channel)
    assert notification["state"] == "delivered"
    signed = delivery(receiver, notification)
    expected = sign(
        channel["secret"], signed.headers["webhook-id"], int(signed.headers["webhook-timestamp"]), signed.content
    )
    assert signed.headers["webhook-signature"] == expected, "the secret is still the one that was shown"
    again = change(group_seconds=None, per_minute=None, events=["acknowledged"], name="renamed")
    assert (again["group_seconds"], again["per_minute"]) == (0, 600), "null is the default"
    assert (again["name"], again["events"]) == ("renamed", ["acknowledged"])
    other = make(client, newcomer, receiver.url("/ok"))
    taken = client.patch(path, json={"name": other["name"]}, headers=newcomer.headers)
    assert_problem(taken, 409)
    actions = [row["action"] for row in client.get("/audit", headers=newcomer.headers).json()]
    assert actions.count("channel.change") == 2


def test_a_channel_that_is_switched_off_tells_nothing_of_what_waited(
    client: httpx.Client, newcomer: User, receiver: Receiver
) -> None:
    channel = make(client, newcomer, receiver.url("/500"))
    waiting = tried(client, newcomer, channel)
    client.patch(f"/channels/{channel['channel_id']}", json={"enabled": False}, headers=newcomer.headers)
    path = f"/notifications/{waiting['notification_id']}"
    assert client.get(path, headers=newcomer.headers).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "webhook"}, "url"),
        ({"kind": "webhook", "url": "https://example.com", "to": ["ana@example.com"]}, "to"),
        ({"kind": "email", "to": ["ana"]}, "to"),
        ({"kind": "email", "to": ["ana@example.com, rui@example.com"]}, "to"),
        ({"kind": "email", "to": []}, "to"),
        ({"kind": "email", "to": ["ana@example.com"]}, "smtp"),
        ({"kind": "email", "to": ["a@b.c"], "smtp": {**SMTP, "security": "none", "sender": "s@b.c"}}, "smtp"),
        ({"kind": "email", "to": ["a@b.c"], "smtp": {"host": "b.c", "username": "x", "sender": "s@b.c"}}, "smtp"),
        ({"kind": "slack", "chat_id": "1", "url": "https://example.com"}, "chat_id"),
        ({"kind": "telegram", "chat_id": "-100"}, "token"),
        ({"kind": "telegram", "chat_id": "a b", "token": "1:x"}, "chat_id"),
        ({"kind": "telegram", "chat_id": "1", "token": "1/../x"}, "token"),
        ({"kind": "slack", "url": "https://example.com", "per_minute": 0}, "per_minute"),
        ({"kind": "slack", "url": "https://example.com", "group_seconds": -1}, "group_seconds"),
        ({"kind": "slack", "url": "https://example.com", "language": "fr"}, "language"),
        ({"kind": "slack", "url": "https://example.com", "events": ["exploded"]}, "events"),
    ],
)
def test_what_a_kind_does_not_take_is_refused_by_name(
    client: httpx.Client, user: User, fields: Row, field: str
) -> None:
    body = {"name": unique("channel"), **fields}
    refused = assert_refused(client.post("/channels", json=body, headers=user.headers), field)
    told = client.post("/channels", json=body, headers={**user.headers, "Accept-Language": "pt"}).json()
    assert len(told["errors"]) == len(refused["errors"])


def test_everything_dead_is_sent_again_at_once(client: httpx.Client, newcomer: User) -> None:
    channels = [make(client, newcomer, "http://169.254.169.254/") for _ in range(2)]
    for channel in (*channels, channels[0]):
        assert tried(client, newcomer, channel)["state"] == "dead"
    first = {"channel_id": channels[0]["channel_id"]}
    assert client.post("/notifications/retry", json=first, headers=newcomer.headers).json() == {"queued": 2}
    left = client.get("/notifications", params={"state": "dead", "channel_id": channels[1]["channel_id"]},
                      headers=newcomer.headers).json()  # fmt: skip
    assert len(left) == 1
    unknown = {"channel_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    assert_problem(client.post("/notifications/retry", json=unknown, headers=newcomer.headers), 404)


def test_a_limit_a_minute_makes_the_others_wait(client: httpx.Client, newcomer: User, receiver: Receiver) -> None:
    channel = make_kind(client, newcomer, url=receiver.url("/ok"), per_minute=6)
    path = f"/channels/{channel['channel_id']}/test"
    for _ in range(4):
        client.post(path, headers=newcomer.headers).raise_for_status()
    time.sleep(3)
    mine = client.get("/notifications", headers=newcomer.headers).json()
    assert [row["state"] for row in mine].count("delivered") == 1, "a sixth of six at once, another each ten seconds"
    assert {row["attempts"] for row in mine if row["state"] == "queued"} == {0}
