"""Rules, and the incidents that the running watcher opens and ends by them."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.alerts.receiver import Receiver, running
from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, moment, post, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.contract.test_channels import make as make_channel
from tests.contract.test_presence import set_limit

# A rule counts within two seconds and is looked at each half second; five times that, and a little for the start.
NOTICED_SECONDS = 20.0


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


def damp(server: Server, **more: Any) -> Row:
    condition = {"kind": "threshold", "quantity": "humidity", "above": 60, **more}
    return {"name": unique("damp"), "condition": condition, "server_ulids": [server.ulid]}


def make(client: httpx.Client, user: User, body: Row) -> Row:
    response = client.post("/rules", json=body, headers=user.headers)
    assert response.status_code == 201, response.text
    rule: Row = response.json()
    return rule


def incidents(client: httpx.Client, user: User, rule: Row, **filters: str) -> list[Row]:
    params = {"rule_id": rule["rule_id"], **filters}
    rows: list[Row] = client.get("/incidents", params=params, headers=user.headers).raise_for_status().json()
    return rows


def detail(client: httpx.Client, user: User, incident: Row) -> Row:
    path = f"/incidents/{incident['incident_id']}"
    row: Row = client.get(path, headers=user.headers).raise_for_status().json()
    return row


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + NOTICED_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_rule_fires_and_ends_and_both_are_told_with_their_reason(
    client: httpx.Client, user: User, server: Server, receiver: Receiver
) -> None:
    channel = make_channel(client, user, receiver.url("/ok"))["channel_id"]
    rule = make(client, user, {**damp(server, hysteresis=5), "channel_ids": [channel], "severity": "critical"})
    for humidity in (50, 61, 58):
        last = post(client, server, humidity=humidity)
    until(lambda: incidents(client, user, rule, state="open"))
    (incident,) = incidents(client, user, rule)
    assert (incident["state"], incident["severity"], incident["server_name"]) == ("open", "critical", server.name)
    assert incident["why"]["value"] == 61
    assert incident["opened_at"] == incident["why"]["since"] < last["timestamp"]
    post(client, server, humidity=54)
    until(lambda: incidents(client, user, rule, state="resolved"))
    found = detail(client, user, incident)
    changes = [(entry["event"], entry["why"]["value"]) for entry in found["timeline"] if entry["why"]]
    assert changes == [("opened", 61), ("resolved", 54)]

    def told() -> list[Row]:
        mine = [
            came.body for came in receiver.deliveries if came.body["data"].get("rule", {}).get("name") == rule["name"]
        ]
        return sorted(mine, key=lambda body: str(body["timestamp"]))

    until(lambda: len(told()) == 2)
    assert [body["type"] for body in told()] == ["incident.opened", "incident.resolved"]
    first = told()[0]["data"]
    assert (first["severity"], first["count"]) == ("critical", 1)
    (told_of,) = first["incidents"]
    assert (told_of["incident_id"], told_of["server"]["id"]) == (incident["incident_id"], server.ulid)
    assert (told_of["at"], told_of["why"]["value"]) == (incident["opened_at"], 61)
    ends = [entry["told"] for entry in detail(client, user, incident)["timeline"] if entry["event"] == "delivered"]
    assert ends == ["incident.opened", "incident.resolved"]


def test_a_hold_passes_as_readings_do(client: httpx.Client, user: User, server: Server) -> None:
    rule = make(client, user, damp(server, hold_seconds=1.5))
    first = post(client, server, humidity=70)
    time.sleep(1)
    post(client, server, humidity=71)
    time.sleep(2.5)
    assert incidents(client, user, rule) == [], "the last reading came before the hold had passed"
    last = post(client, server, humidity=72)
    until(lambda: incidents(client, user, rule))
    (incident,) = incidents(client, user, rule)
    assert (incident["opened_at"], incident["why"]["since"]) == (last["timestamp"], first["timestamp"])
    held = (moment(last["timestamp"]) - moment(first["timestamp"])).total_seconds()
    assert incident["why"]["held_seconds"] == pytest.approx(held)


def test_an_offline_rule_follows_presence(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    set_limit(client, user, server, 1)
    body = {"name": unique("silent"), "condition": {"kind": "offline"}, "server_ulids": [server.ulid]}
    rule = make(client, user, body)
    post(client, server, temperature=1)
    seen = moment(client.get(f"/health/{server.ulid}", headers=user.headers).json()["last_seen"])
    until(lambda: incidents(client, user, rule, state="open"))
    (incident,) = incidents(client, user, rule)
    assert moment(incident["why"]["since"]) == seen + timedelta(seconds=1)
    post(client, server, temperature=1)
    until(lambda: incidents(client, user, rule, state="resolved"))


def test_people_work_on_an_incident(client: httpx.Client, user: User, server: Server) -> None:
    rule = make(client, user, damp(server))
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule))
    path = f"/incidents/{incidents(client, user, rule)[0]['incident_id']}"
    for _ in range(2):
        assert client.post(f"{path}/acknowledge", headers=user.headers).json()["state"] == "acknowledged"
    remark = client.post(f"{path}/comments", json={"text": "The door was open."}, headers=user.headers)
    assert remark.status_code == 201
    done = client.post(f"{path}/resolve", headers=user.headers).json()
    assert done["state"] == "resolved"
    entries = [(entry["event"], entry["actor"], entry["text"]) for entry in done["timeline"]]
    assert entries == [
        ("opened", None, None),
        ("acknowledged", user.username, None),
        ("commented", user.username, "The door was open."),
        ("resolved", user.username, None),
    ]
    for verb in ("acknowledge", "resolve"):
        assert_problem(client.post(f"{path}/{verb}", headers=user.headers), 409)
    post(client, server, humidity=71)
    time.sleep(2)
    assert len(incidents(client, user, rule)) == 1, "it stood beyond all the time"
    for humidity in (50, 70):
        post(client, server, humidity=humidity)
    until(lambda: len(incidents(client, user, rule)) == 2)


def test_a_rule_that_is_switched_off_ends_its_incidents_and_begins_anew(
    client: httpx.Client, user: User, server: Server
) -> None:
    rule = make(client, user, damp(server))
    path = f"/rules/{rule['rule_id']}"
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule, state="open"))
    assert client.patch(path, json={"enabled": False}, headers=user.headers).json()["enabled"] is False
    (ended,) = incidents(client, user, rule)
    assert ended["state"] == "resolved"
    assert detail(client, user, ended)["timeline"][-1]["text"] == "The rule was switched off."
    post(client, server, humidity=70)
    time.sleep(3)
    assert len(incidents(client, user, rule)) == 1
    client.patch(path, json={"enabled": True}, headers=user.headers).raise_for_status()
    time.sleep(3)
    post(client, server, humidity=70)
    until(lambda: len(incidents(client, user, rule)) == 2)
    assert client.delete(path, headers=user.headers).status_code == 204
    assert_problem(client.get(path, headers=user.headers), 404)
    assert {row["state"] for row in incidents(client, user, rule)} == {"resolved"}


def test_a_rule_over_a_tag_looks_at_servers_that_bear_it(
    client: httpx.Client, user: User, new_server: NewServer
) -> None:
    inside, outside = new_server(user), new_server(user)
    site = unique("site")
    client.patch(f"/servers/{inside.ulid}", json={"tags": {"site": site}}, headers=user.headers).raise_for_status()
    body = {**damp(inside), "server_ulids": None, "tag": {"name": "site", "value": site}}
    rule = make(client, user, body)
    for server in (outside, inside):
        post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule))
    assert [row["server_ulid"] for row in incidents(client, user, rule)] == [inside.ulid]


def test_a_rule_reads_as_it_was_written(client: httpx.Client, user: User, server: Server) -> None:
    rule = make(client, user, damp(server, hysteresis=5, hold_seconds=60))
    assert rule["condition"] == {
        "kind": "threshold",
        "quantity": "humidity",
        "above": 60,
        "below": None,
        "outside": None,
        "inside": None,
        "hysteresis": 5,
        "hold_seconds": 60,
        "no_data_seconds": 3600,
    }
    assert rule in client.get("/rules", headers=user.headers).json()


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        ({"kind": "threshold", "quantity": "humidity"}, "condition"),
        ({"kind": "threshold", "quantity": "humidity", "above": 1, "below": 2}, "condition"),
        ({"kind": "threshold", "quantity": "humidity", "above": 1, "hysteresis": -1}, "hysteresis"),
        ({"kind": "threshold", "quantity": "humidity", "outside": {"low": 2, "high": 1}}, "outside"),
        ({"kind": "threshold", "quantity": "humidity", "outside": {"low": 1, "high": 2}, "hysteresis": 1}, "condition"),
        ({"kind": "threshold", "quantity": "humidty", "above": 1}, "quantity"),
        ({"kind": "rate", "quantity": "humidity", "above": 1, "per": "year"}, "per"),
        ({"kind": "deviation", "quantity": "humidity", "above": 3, "days": 2}, "days"),
        ({"kind": "deviation", "quantity": "humidity", "above": 3, "zone": "Mars/Base"}, "zone"),
        ({"kind": "nodata", "quantity": "humidity", "for_seconds": 0}, "for_seconds"),
        ({"kind": "all", "conditions": [{"kind": "offline"}]}, "conditions"),
        (
            {"kind": "any", "conditions": [{"kind": "offline"}, {"kind": "threshold", "quantity": "no", "above": 1}]},
            "quantity",
        ),
        ({"kind": "threshold", "quantity": "humidity", "above": "much"}, "above"),
        ({"kind": "threshold", "quantity": "humidity", "above": True}, "above"),
        ({"kind": "threshold", "quantity": "No Such", "above": 1}, "quantity"),
        ({"kind": "threshold", "above": 1}, "quantity"),
        ({"kind": "threshold", "quantity": "humidity", "above": 1, "hold_seconds": -1}, "hold_seconds"),
        ({"kind": "offline", "above": 1}, "above"),
        ({"kind": "moon"}, "condition"),
        ({}, "condition"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_by_its_field(
    client: httpx.Client, user: User, server: Server, condition: Row, field: str
) -> None:
    body = {**damp(server), "condition": condition}
    assert_refused(client.post("/rules", json=body, headers=user.headers), field)


def test_rules_name_what_is_there(client: httpx.Client, user: User, server: Server, foreign_server: Server) -> None:
    for wrong in ({"server_ulids": [foreign_server.ulid]}, {"channel_ids": ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]}):
        assert_problem(client.post("/rules", json={**damp(server), **wrong}, headers=user.headers), 404)
    body = damp(server)
    make(client, user, body)
    assert_problem(client.post("/rules", json=body, headers=user.headers), 409)
