"""Rules of every kind, followed live by the running watcher, and why they fire or do not."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, moment, post, post_many, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.contract.test_rules import detail, incidents, make, until
from tests.system import System

NEVER_NOW = {"zone": "UTC", "weekdays": ["mon"], "start": "00:00", "end": "00:01"}


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def rule_of(server: Server, condition: Row, **more: Any) -> Row:
    return {"name": unique("rule"), "condition": condition, "server_ulids": [server.ulid], **more}


def above(level: float, quantity: str = "humidity", **more: Any) -> Row:
    return {"kind": "threshold", "quantity": quantity, "above": level, **more}


def explained(client: httpx.Client, user: User, rule: Row, server: Server) -> Row:
    path = f"/rules/{rule['rule_id']}/explain"
    row: Row = client.get(path, params={"server_ulid": server.ulid}, headers=user.headers).raise_for_status().json()
    return row


def test_every_kind_fires_live_and_says_why(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    band = {"kind": "threshold", "quantity": "temperature", "outside": {"low": 18, "high": 27}}
    rate = {"kind": "rate", "quantity": "voltage", "below": -10, "per": "second", "window_seconds": 1}
    silent = {"kind": "nodata", "quantity": "current", "for_seconds": 1}
    both = {"kind": "all", "conditions": [above(60), silent]}
    either = {"kind": "any", "conditions": [above(1000), above(100, "voltage")]}
    rules = {
        name: make(client, user, rule_of(server, condition))
        for name, condition in {
            "band": band, "rate": rate, "nodata": silent, "all": both, "any": either
        }.items()
    }  # fmt: skip
    never = make(client, user, rule_of(server, above(60), schedule=NEVER_NOW))
    time.sleep(2.5)
    post(client, server, temperature=20, humidity=70, voltage=220, current=1)
    time.sleep(0.7)
    last = post(client, server, temperature=17, humidity=70, voltage=200)
    for name, rule in rules.items():
        until(lambda rule=rule: incidents(client, user, rule))
        (incident,) = incidents(client, user, rule)
        if name in ("band", "rate"):
            assert incident["opened_at"] == last["timestamp"], name
    why = {name: incidents(client, user, rule)[0]["why"] for name, rule in rules.items()}
    assert (why["band"]["value"], why["any"]["by"]["above"], why["all"]["by"]["kind"]) == (17, 100, "nodata")
    assert why["rate"]["value"] < -10
    assert "value" not in why["nodata"]
    shown = explained(client, user, rules["all"], server)
    assert (shown["state"], [part["holds"] for part in shown["conditions"]]) == ("firing", [True, True])
    assert shown["incident_id"] == incidents(client, user, rules["all"])[0]["incident_id"]
    post(client, server, temperature=20, humidity=50, voltage=200, current=1)
    for name in ("band", "nodata", "all"):
        until(lambda name=name: incidents(client, user, rules[name], state="resolved"))
    assert incidents(client, user, never) == []
    shown = explained(client, user, never, server)
    assert (shown["state"], shown["schedule"]["active"]) == ("ok", False)
    assert moment(shown["schedule"]["begins"]).weekday() == 0


def test_a_hold_is_explained_while_it_passes(client: httpx.Client, user: User, server: Server) -> None:
    rule = make(client, user, rule_of(server, above(60, hold_seconds=3600)))
    assert explained(client, user, rule, server)["state"] == "nodata"
    first = post(client, server, humidity=70)
    time.sleep(1)
    last = post(client, server, humidity=72)
    shown = explained(client, user, rule, server)
    (part,) = shown["conditions"]
    assert (shown["state"], part["state"], part["holds"], shown["incident_id"]) == ("pending", "pending", False, None)
    assert (part["value"], part["since"], part["last_reading"]) == (72, first["timestamp"], last["timestamp"])
    assert 1 <= part["held_seconds"] < part["needed_seconds"] == 3600
    post(client, server, humidity=50)
    assert explained(client, user, rule, server)["state"] == "ok"


def test_what_a_rule_does_not_look_at_is_not_explained(
    client: httpx.Client, user: User, new_server: NewServer, server: Server, foreign_server: Server
) -> None:
    rule = make(client, user, rule_of(server, above(60)))
    for other in (new_server(user), foreign_server):
        path = f"/rules/{rule['rule_id']}/explain"
        assert_problem(client.get(path, params={"server_ulid": other.ulid}, headers=user.headers), 404)


def test_a_deviation_fires_live(client: httpx.Client, user: User, server: Server) -> None:
    past = [
        {"timestamp": ago(days=day, seconds=20 * place), "humidity": 50 + place % 3}
        for day in range(1, 5)
        for place in range(-60, 61)
    ]
    post_many(client, server, past)
    condition = {"kind": "deviation", "quantity": "humidity", "above": 6, "days": 4}
    rule = make(client, user, rule_of(server, condition))
    time.sleep(2.5)
    post(client, server, humidity=51)
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule))
    assert incidents(client, user, rule)[0]["why"]["value"] > 6


def test_a_late_reading_ends_what_should_not_have_fired(client: httpx.Client, user: User, server: Server) -> None:
    rule = make(client, user, rule_of(server, above(60, hold_seconds=3)))
    time.sleep(2.5)
    start = datetime.now(UTC)
    post(client, server, timestamp=start.isoformat(), humidity=70)
    time.sleep(3.5)
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule, state="open"))
    post(client, server, timestamp=(start + timedelta(seconds=2)).isoformat(), humidity=50)
    until(lambda: incidents(client, user, rule, state="resolved"))
    assert detail(client, user, incidents(client, user, rule)[0])["timeline"][-1]["why"]["by"] == "late reading"


def test_another_condition_begins_the_rule_anew(client: httpx.Client, user: User, server: Server) -> None:
    rule = make(client, user, rule_of(server, above(60)))
    path = f"/rules/{rule['rule_id']}"
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule, state="open"))
    changed = client.patch(path, json={"name": unique("renamed"), "severity": "critical"}, headers=user.headers).json()
    assert (changed["severity"], changed["condition"]) == ("critical", rule["condition"])
    assert incidents(client, user, rule, state="open"), "a name says nothing about when it fires"
    body = {"condition": above(65), "schedule": {"zone": "UTC"}}
    changed = client.patch(path, json=body, headers=user.headers).json()
    assert (changed["condition"]["above"], changed["schedule"]["end"]) == (65, "24:00")
    (ended,) = incidents(client, user, rule)
    assert detail(client, user, ended)["timeline"][-1]["text"] == "The rule was changed."
    time.sleep(2.5)
    assert len(incidents(client, user, rule)) == 1, "it looks at nothing from before"
    post(client, server, humidity=64)
    post(client, server, humidity=66)
    until(lambda: len(incidents(client, user, rule)) == 2)
    assert client.patch(path, json={"schedule": None}, headers=user.headers).json()["schedule"] is None
    assert_refused(client.patch(path, json={"condition": {"kind": "moon"}}, headers=user.headers), "condition")
    other = make(client, user, rule_of(server, above(60)))
    assert_problem(client.patch(path, json={"name": other["name"]}, headers=user.headers), 409)


def test_a_server_that_leaves_the_scope_leaves_nothing_open(
    client: httpx.Client, user: User, new_server: NewServer
) -> None:
    server, site = new_server(user), unique("site")
    path = f"/servers/{server.ulid}"
    client.patch(path, json={"tags": {"site": site}}, headers=user.headers).raise_for_status()
    tag = {"name": "site", "value": site}
    rule = make(client, user, {"name": unique("damp"), "condition": above(60), "tag": tag})
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule, state="open"))
    client.patch(path, json={"tags": {}}, headers=user.headers).raise_for_status()
    until(lambda: incidents(client, user, rule, state="resolved"))
    (ended,) = incidents(client, user, rule)
    assert detail(client, user, ended)["timeline"][-1]["why"]["by"] == "out of scope"


def test_what_was_sealed_unread_is_judged_still(
    client: httpx.Client, user: User, server: Server, system: System
) -> None:
    rule = make(client, user, rule_of(server, above(60, hold_seconds=60), reopen_seconds=0))
    begun = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
    rows = [
        {"timestamp": (begun + timedelta(seconds=second)).isoformat(), "humidity": 70 if 1200 <= second < 1800 else 50}
        for second in range(3600)
    ]
    post_many(client, server, rows)
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        counted = "SELECT count(*) FROM segment JOIN server USING (server_id) WHERE server_ulid = %s"
        until(lambda: connection.execute(counted, (server.ulid,)).fetchone() == (1,))
        # As if the watcher had been away since then.
        moved = "UPDATE rule SET judged_from = now() - interval '5 hours' WHERE rule_ulid = %s"
        connection.execute(moved, (rule["rule_id"],))
    until(lambda: incidents(client, user, rule, state="resolved"))
    (incident,) = incidents(client, user, rule)
    assert moment(incident["opened_at"]) == begun + timedelta(seconds=1260)
    assert moment(incident["resolved_at"]) == begun + timedelta(seconds=1800)


def test_a_deleted_server_leaves_nothing_open(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server, other = new_server(user), new_server(user)
    servers = [server.ulid, other.ulid]
    rule = make(client, user, {"name": unique("damp"), "condition": above(60), "server_ulids": servers})
    post(client, server, humidity=70)
    until(lambda: incidents(client, user, rule, state="open"))
    client.delete(f"/servers/{server.ulid}", headers=user.headers).raise_for_status()
    until(lambda: incidents(client, user, rule, state="resolved"))
