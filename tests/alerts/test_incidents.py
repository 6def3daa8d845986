"""The life of an incident: what comes and goes is one, told once; what is silenced is told when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.clock import format_instant
from tests.alerts.receiver import Receiver
from tests.alerts.stage import Stage
from tests.contract.calls import Row
from tests.contract.problems import assert_problem, assert_refused


def events(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["event"].removeprefix("incident."), row["state"]) for row in rows]


def told_by(receiver: Receiver, stage: Stage) -> list[Row]:
    """What the receiver was told of the stage's rule, in its order."""
    bodies = [came.body for came in receiver.deliveries]
    return [body for body in bodies if body.get("data", {}).get("rule", {}).get("id") == stage.rule["rule_id"]]


async def test_what_begins_again_soon_is_the_same_incident_and_is_not_told_each_time(
    stage: Stage, receiver: Receiver
) -> None:
    stage.make_rule(stage.channel(receiver.url("/ok")), reopen_seconds=300)
    server = stage.server()
    await stage.fire(server, at=0)
    await stage.end(server, at=10)
    await stage.until(lambda: len(told_by(receiver, stage)) == 2)
    for turn in range(1, 5):
        await stage.fire(server, at=20 * turn)
        await stage.end(server, at=20 * turn + 10)
    await stage.until(lambda: len(told_by(receiver, stage)) == 3)
    assert [body["type"].removeprefix("incident.") for body in told_by(receiver, stage)] == [
        "opened", "resolved", "reopened",
    ]  # fmt: skip
    incident = stage.incident()
    assert (incident["reopened"], incident["state"]) == (4, "resolved")
    assert stage.story() == ["opened", "resolved", *["reopened", "resolved"] * 4], "all of it is noted"
    states = events(stage.notifications())
    assert states[3:] == [("resolved", "cancelled")] * 3 + [("resolved", "queued")]
    await stage.hurry()
    await stage.until(lambda: len(told_by(receiver, stage)) == 4)
    assert told_by(receiver, stage)[-1]["type"] == "incident.resolved", "its lasting end"


async def test_what_begins_again_late_is_another_incident(stage: Stage, receiver: Receiver) -> None:
    stage.make_rule(reopen_seconds=300)
    server = stage.server()
    for at in (0, 311, 10_000):
        await stage.fire(server, at=at)
        await stage.end(server, at=at + 10)
    assert [row["reopened"] for row in stage.incidents()] == [0, 0, 0]


async def test_without_damping_each_is_a_new_one(stage: Stage) -> None:
    stage.make_rule(reopen_seconds=0)
    server = stage.server()
    for at in range(3):
        await stage.fire(server, at=at)
        await stage.end(server, at=at)
    assert len(stage.incidents()) == 3


async def test_what_a_person_ended_does_not_begin_again(stage: Stage) -> None:
    stage.make_rule()
    server = stage.server()
    await stage.fire(server)
    ended = stage.post(f"/incidents/{stage.incident()['incident_id']}/resolve")
    assert ended["resolved_by"] == stage.user.username
    assert await stage.end(server, at=5) == [], "the rule has nothing to end"
    await stage.fire(server, at=10)
    assert [(row["state"], row["reopened"]) for row in stage.incidents()] == [("open", 0), ("resolved", 0)]


async def test_whoever_looks_after_an_incident_does_so_still_when_it_begins_again(stage: Stage) -> None:
    stage.make_rule()
    server = stage.server()
    await stage.fire(server)
    stage.post(f"/incidents/{stage.incident()['incident_id']}/acknowledge")
    await stage.end(server, at=5)
    await stage.fire(server, at=10)
    again = stage.incident()
    assert (again["state"], again["acknowledged_by"]) == ("acknowledged", stage.user.username)


async def test_one_look_may_fire_end_and_fire_again(stage: Stage) -> None:
    """Readings that come in one batch decide several times."""
    stage.make_rule(reopen_seconds=0)
    server = stage.server()
    for _ in range(3):
        assert [each.event for each in await stage.fire(server)] == ["opened"]
        assert await stage.fire(server) == [], "it is open already"
        assert [each.event for each in await stage.end(server)] == ["resolved"]
        assert await stage.end(server) == []


async def test_many_servers_of_a_rule_become_one_notification(stage: Stage, receiver: Receiver) -> None:
    single = stage.channel(receiver.url("/ok"))
    grouped = stage.channel(receiver.url("/ok"), group_seconds=2)
    stage.make_rule(single, grouped)
    servers = [stage.server() for _ in range(6)]
    for server in servers:
        await stage.fire(server)
    for channel, count in ((single, 6), (grouped, 1)):
        mine = {"channel_id": channel["channel_id"], "state": "delivered"}
        await stage.until(lambda mine=mine, count=count: len(stage.notifications(**mine)) == count)  # type: ignore[misc]
    (one,) = stage.notifications(channel_id=grouped["channel_id"], state="delivered")
    assert one["body"]["count"] == 6
    names = [each["server"]["name"] for each in one["body"]["incidents"]]
    assert sorted(names) == sorted(server.name for server in servers)
    others = stage.notifications(channel_id=grouped["channel_id"], state="grouped")
    assert [row["grouped_into"] for row in others] == [one["notification_id"]] * 5
    timeline = stage.get(f"/incidents/{others[-1]['incident_id']}")["timeline"]
    told = [entry for entry in timeline if entry["channel_id"] == grouped["channel_id"]]
    assert [(entry["event"], entry["notification_id"]) for entry in told] == [("delivered", one["notification_id"])]


async def test_an_end_does_not_overtake_the_beginning_that_is_tried_again(stage: Stage, receiver: Receiver) -> None:
    channel = stage.channel(receiver.url("/500"))
    stage.make_rule(channel)
    server = stage.server()
    await stage.fire(server)
    await stage.until(lambda: [row["attempts"] for row in stage.notifications()] != [0])
    await stage.end(server, at=5)
    await stage.hurry()
    await stage.until(lambda: stage.notifications()[0]["attempts"] >= 2)
    assert [(row["event"], row["attempts"] > 0) for row in stage.notifications()] == [
        ("incident.opened", True),
        ("incident.resolved", False),
    ]
    changed = stage.client.patch(
        f"/channels/{channel['channel_id']}", json={"url": receiver.url("/ok")}, headers=stage.user.headers
    )
    assert changed.status_code == 200
    await stage.hurry()
    await stage.until(lambda: len(stage.notifications(state="delivered")) == 2)
    assert [body["type"] for body in told_by(receiver, stage)][-2:] == ["incident.opened", "incident.resolved"]


def until_later(**after: float) -> str:
    return format_instant(datetime.now(UTC) + timedelta(**after))


async def test_a_silence_holds_back_and_its_end_tells_what_is_still_true(stage: Stage, receiver: Receiver) -> None:
    stage.make_rule(stage.channel(receiver.url("/ok")))
    over, lasting = stage.server(), stage.server()
    silence = stage.post("/silences", {"reason": "maintenance", "until": until_later(hours=1)})
    assert silence["state"] == "active"
    await stage.fire(over, lasting)
    await stage.until(lambda: all(row["silence_id"] for row in stage.notifications()))
    await stage.end(over, at=5)
    assert events(stage.notifications()) == [("opened", "cancelled"), ("opened", "queued")]
    (shown,) = stage.incidents(state="open")
    assert shown["silenced_until"] == silence["until"]
    timeline = stage.get(f"/incidents/{shown['incident_id']}")["timeline"]
    assert [(entry["event"], entry["text"]) for entry in timeline] == [("opened", None), ("silenced", "maintenance")]
    path = f"/silences/{silence['silence_id']}"
    assert stage.client.delete(path, headers=stage.user.headers).status_code == 204
    await stage.until(lambda: len(told_by(receiver, stage)) == 1)
    (told,) = told_by(receiver, stage)
    assert [each["server"]["id"] for each in told["data"]["incidents"]] == [lasting.ulid]
    assert stage.get(path)["state"] == "ended"
    assert_problem(stage.client.patch(path, json={"until": until_later(hours=2)}, headers=stage.user.headers), 409)


async def test_what_was_told_before_a_silence_is_told_to_be_over_after_it(stage: Stage, receiver: Receiver) -> None:
    stage.make_rule(stage.channel(receiver.url("/ok")))
    server = stage.server()
    await stage.fire(server)
    await stage.until(lambda: len(told_by(receiver, stage)) == 1)
    silence = stage.post("/silences", {"reason": "calm", "until": until_later(hours=1)})
    await stage.end(server, at=5)
    await stage.until(lambda: stage.notifications()[-1]["silence_id"] == silence["silence_id"])
    changed = stage.client.patch(
        f"/silences/{silence['silence_id']}", json={"until": until_later(seconds=1)}, headers=stage.user.headers
    )
    assert changed.status_code == 200, changed.text
    await stage.until(lambda: len(told_by(receiver, stage)) == 2)
    assert told_by(receiver, stage)[-1]["type"] == "incident.resolved"


async def test_a_silence_lies_on_what_all_its_matchers_meet(stage: Stage) -> None:
    rule = stage.make_rule(severity="critical")
    server, other = stage.server(), stage.server()
    tags = {"tags": {"site": "Lisboa"}}
    stage.client.patch(f"/servers/{server.ulid}", json=tags, headers=stage.user.headers).raise_for_status()
    await stage.fire(server, other)
    cases: list[tuple[Row, set[str]]] = [
        ({"server_ulids": [server.ulid]}, {server.ulid}),
        ({"server_ulids": [server.ulid.lower()]}, {server.ulid}),
        ({"tag": {"name": "site", "value": "Lisboa"}}, {server.ulid}),
        ({"tag": {"name": "site", "value": "Porto"}}, set()),
        ({"rule_ids": [rule["rule_id"]]}, {server.ulid, other.ulid}),
        ({"severities": ["warning", "info"]}, set()),
        ({"severities": ["critical"], "server_ulids": [other.ulid]}, {other.ulid}),
        ({"rule_ids": [server.ulid]}, set()),
        ({"starts_at": until_later(minutes=10)}, set()),
        ({}, {server.ulid, other.ulid}),
    ]
    for matchers, expected in cases:
        silence = stage.post("/silences", {"reason": "a case", "until": until_later(hours=1), **matchers})
        found = {row["server_ulid"] for row in stage.incidents() if row["silenced_until"]}
        assert found == expected, matchers
        stage.client.delete(f"/silences/{silence['silence_id']}", headers=stage.user.headers).raise_for_status()


async def test_incidents_are_found_by_what_they_are(stage: Stage) -> None:
    stage.make_rule(severity="info")
    servers = [stage.server() for _ in range(3)]
    for number, server in enumerate(servers):
        await stage.fire(server, at=60 * number)
    await stage.end(servers[0], at=300)

    def found(**filters: Any) -> list[str]:
        names = {server.ulid: number for number, server in enumerate(servers)}
        return [str(names[row["server_ulid"]]) for row in stage.incidents(**filters)]

    assert found() == ["2", "1", "0"]
    assert found(state=["open", "acknowledged"]) == ["2", "1"]
    assert found(severity="critical") == []
    assert found(server_ulid=servers[1].ulid) == ["1"]
    assert found(start_time="2026-03-01T00:01:00Z") == ["2", "1"]
    assert found(end_time="2026-03-01T00:01:00Z") == ["1", "0"]
    page = stage.client.get("/incidents", params={"limit": 2}, headers=stage.user.headers)
    rest = stage.client.get(page.links["next"]["url"], headers=stage.user.headers)
    assert [row["server_ulid"] for row in page.json() + rest.json()] == [server.ulid for server in servers[::-1]]
    swapped = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-01T00:00:00Z"}
    assert_problem(stage.client.get("/incidents", params=swapped, headers=stage.user.headers), 422)
    bad = stage.client.get("/incidents", params={"state": "lost"}, headers=stage.user.headers)
    assert_problem(bad, 422)


async def test_silences_are_listed_by_their_state_and_bad_ones_refused(stage: Stage) -> None:
    active = stage.post("/silences", {"reason": "now", "until": until_later(hours=1)})
    pending = stage.post(
        "/silences", {"reason": "later", "starts_at": until_later(hours=1), "until": until_later(hours=2)}
    )
    assert [row["silence_id"] for row in stage.get("/silences")] == [pending["silence_id"], active["silence_id"]]
    assert [row["reason"] for row in stage.get("/silences", state="active")] == ["now"]
    assert [row["reason"] for row in stage.get("/silences", state=["pending", "ended"])] == ["later"]
    bodies: list[tuple[Row, str]] = [
        ({"until": until_later(hours=1)}, "reason"),
        ({"reason": "past", "until": until_later(hours=-1)}, "until"),
        ({"reason": "long", "until": until_later(days=400)}, "body"),
        ({"reason": "back", "starts_at": until_later(hours=2), "until": until_later(hours=1)}, "body"),
        ({"reason": "odd", "until": until_later(hours=1), "severities": ["loud"]}, "severities"),
        ({"reason": "odd", "until": until_later(hours=1), "colour": "red"}, "colour"),
    ]
    for body, field in bodies:
        assert_refused(stage.client.post("/silences", json=body, headers=stage.user.headers), field)


async def test_a_silence_at_the_end_of_the_calendar_can_be_changed(stage: Stage) -> None:
    body = {"reason": "far", "starts_at": "9999-06-01T00:00:00Z", "until": "9999-06-02T00:00:00Z"}
    path = f"/silences/{stage.post('/silences', body)['silence_id']}"
    longer = stage.client.patch(path, json={"until": "9999-12-31T23:59:59Z"}, headers=stage.user.headers)
    assert (longer.status_code, longer.json()["until"]) == (200, "9999-12-31T23:59:59Z")


async def test_acknowledging_and_ending_by_hand_are_told_to_whom_they_interest(
    stage: Stage, receiver: Receiver
) -> None:
    curious = stage.channel(receiver.url("/ok"), events=["acknowledged", "resolved"])
    stage.make_rule(curious)
    await stage.fire(stage.server())
    path = f"/incidents/{stage.incident()['incident_id']}"
    for deed in ("acknowledge", "resolve"):
        stage.post(f"{path}/{deed}")
    await stage.until(lambda: len(told_by(receiver, stage)) == 2)
    told = [(body["type"], body["data"]["incidents"][0]["actor"]) for body in told_by(receiver, stage)]
    assert told == [("incident.acknowledged", stage.user.username), ("incident.resolved", stage.user.username)]
