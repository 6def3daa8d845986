"""Backtests: how often a rule would have fired, what is behind it, and levels for a wanted rate."""

from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, bearer, new_key, post_many, stamp, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.contract.test_rules import make


def waves(client: httpx.Client, server: Server, heights: list[float], *, every: int = 10) -> None:
    """An hour for each height: humidity 50, and for ten minutes in its middle so much more."""
    rows = []
    for hour, height in enumerate(heights):
        for second in range(0, 3600, every):
            raised = 1500 <= second < 2100
            rows.append({"timestamp": stamp(hours=hour, seconds=second), "humidity": 50 + height * raised})
    post_many(client, server, rows)


def damp(server: Server, **more: Any) -> Row:
    condition = {"kind": "threshold", "quantity": "humidity", "above": 60, **more}
    return {"condition": condition, "server_ulids": [server.ulid]}


def backtest(client: httpx.Client, user: User, **body: Any) -> Row:
    span = {"start_time": stamp(), "end_time": stamp(hours=6)}
    response = client.post("/rules/backtest", json={**span, **body}, headers=user.headers)
    assert response.status_code == 200, response.text
    report: Row = response.json()
    return report


def test_it_says_how_often_a_rule_would_have_fired_and_why(client: httpx.Client, user: User, server: Server) -> None:
    waves(client, server, [0, 11, 0, 15, 9, 13])
    report = backtest(client, user, rule=damp(server, hold_seconds=60))
    assert report["firing"] == {
        "count": 3,
        "per_week": pytest.approx(3 * 28, rel=0.01),
        "flaps": 0,
        "open_at_end": 0,
        "total_seconds": 3 * 540.0,
        "longest_seconds": 540.0,
        "median_seconds": 540.0,
    }
    assert report["servers"] == 1
    newest, middle, oldest = report["incidents"]
    assert (oldest["since"], oldest["opened_at"]) == (stamp(hours=1, seconds=1500), stamp(hours=1, seconds=1560))
    assert (middle["peak"], middle["peak_at"]) == (65, stamp(hours=3, seconds=1560))
    assert (newest["value"], newest["resolved_at"]) == (63, stamp(hours=5, seconds=2100))
    behind = newest["readings"]
    assert (behind[0]["timestamp"], behind[-1]["timestamp"]) == (newest["since"], newest["opened_at"])
    assert [reading["value"] for reading in behind] == [63] * 7
    shown = client.get(newest["data"], headers=user.headers).json()
    assert (len(shown), shown[-1]["humidity"]) == (61, 50)
    assert report["by_day"] == [{"day": stamp()[:10], "count": 3}]
    (of_server,) = report["by_server"]
    assert (of_server["server_ulid"], of_server["count"], of_server["readings"]) == (server.ulid, 3, 6 * 360)


def test_coverage_tells_what_it_could_not_see(client: httpx.Client, user: User, server: Server) -> None:
    waves(client, server, [0, 0, 0])
    report = backtest(client, user, rule=damp(server, no_data_seconds=600))
    assert report["coverage"]["readings"] == 3 * 360
    assert report["coverage"]["silent_seconds"] == pytest.approx(3 * 3600 + 10, abs=1)
    assert report["coverage"]["share"] == pytest.approx(0.5, abs=0.01)
    assert (report["coverage"]["first_reading"], report["incidents"]) == (stamp(), [])


def test_flaps_are_counted_and_the_list_is_bounded(client: httpx.Client, user: User, server: Server) -> None:
    rows = [{"timestamp": stamp(seconds=10 * place), "humidity": 55 + 10 * (place % 2)} for place in range(100)]
    post_many(client, server, rows)
    report = backtest(client, user, rule=damp(server), max_incidents=2)
    assert (report["firing"]["count"], report["firing"]["flaps"]) == (50, 49)
    assert [incident["opened_at"] for incident in report["incidents"]] == [stamp(seconds=990), stamp(seconds=970)]
    assert (report["firing"]["open_at_end"], report["incidents"][0]["resolved_at"]) == (1, None)
    assert backtest(client, user, rule=damp(server, hysteresis=6), max_incidents=0)["firing"]["count"] == 1


def test_a_level_for_a_wanted_rate_is_suggested_and_keeps_to_it(
    client: httpx.Client, user: User, server: Server
) -> None:
    waves(client, server, [1, 2, 3, 4, 5, 6])
    report = backtest(client, user, rule=damp(server, above=50.5), wanted={"incidents": 8, "per": "day"})
    assert report["firing"]["count"] == 6
    found = report["suggestion"]
    assert 54 <= found["condition"]["above"] < 55, "two of six in six hours are eight a day"
    assert found["count"] == 2
    assert backtest(client, user, rule={**damp(server), "condition": found["condition"]})["firing"]["count"] == 2
    quiet = backtest(
        client, user, rule=damp(server, above=50.5, hold_seconds=600), wanted={"incidents": 0, "per": "day"}
    )
    assert quiet["suggestion"]["count"] == 0


def test_a_rule_is_tested_by_its_id_with_its_schedule(client: httpx.Client, user: User, server: Server) -> None:
    waves(client, server, [11, 11, 11])
    schedule = {"zone": "America/Sao_Paulo", "start": "08:00", "end": "09:00"}
    rule = make(client, user, {"name": unique("damp"), "enabled": False, "schedule": schedule, **damp(server)})
    (incident,) = backtest(client, user, rule_id=rule["rule_id"])["incidents"]
    assert incident["opened_at"] == stamp(hours=1, seconds=1500), "11:25 UTC is 8:25 there"


def test_other_kinds_are_tested_alike(client: httpx.Client, user: User, server: Server) -> None:
    waves(client, server, [11, 0, 11])
    nodata = {
        "condition": {"kind": "nodata", "quantity": "humidity", "for_seconds": 600},
        "server_ulids": [server.ulid],
    }
    (incident,) = backtest(client, user, rule=nodata)["incidents"]
    assert (incident["opened_at"], incident["value"]) == (stamp(hours=2, seconds=3590 + 600), None)
    rate = damp(server, kind="rate", above=5, per="minute", window_seconds=60)
    assert backtest(client, user, rule=rate)["firing"]["count"] == 2
    both = {"kind": "all", "conditions": [damp(server)["condition"], nodata["condition"]]}
    assert backtest(client, user, rule={**nodata, "condition": both})["firing"]["count"] == 0
    either = {**both, "kind": "any"}
    assert backtest(client, user, rule={**nodata, "condition": either})["firing"]["count"] == 3


def test_a_deviation_is_from_the_days_before(client: httpx.Client, user: User, server: Server) -> None:
    rows = []
    for day in range(6):
        for second in range(0, 3600, 60):
            value = 50 + second % 120 / 60 + (20 if day == 5 and 1200 <= second < 2400 else 0)
            rows.append({"timestamp": stamp(days=day, seconds=second), "humidity": value})
    post_many(client, server, rows)
    rule = damp(server, kind="deviation", above=5, days=5)
    report = backtest(client, user, rule=rule, end_time=stamp(days=6))
    (incident,) = report["incidents"]
    assert (incident["opened_at"], incident["resolved_at"]) == (
        stamp(days=5, seconds=1200),
        stamp(days=5, seconds=2400),
    )


def test_nothing_there_is_nothing_found(client: httpx.Client, user: User, server: Server) -> None:
    report = backtest(client, user, rule=damp(server), wanted={"incidents": 1})
    assert (report["firing"]["count"], report["coverage"]["share"], report["suggestion"]) == (0, 0, None)
    nobody = {**damp(server), "server_ulids": None, "tag": {"name": "site", "value": "nowhere"}}
    assert backtest(client, user, rule=nobody)["servers"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rule": None}, "body"),
        ({"rule_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "body"),
        ({"start_time": stamp(hours=7)}, "body"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"max_incidents": 501}, "max_incidents"),
        ({"flap_seconds": -1}, "flap_seconds"),
        ({"wanted": {"incidents": -1}}, "incidents"),
        ({"wanted": {"incidents": 1, "per": "year"}}, "per"),
        ({"rule": {"condition": {"kind": "threshold", "quantity": "humidty", "above": 1}}}, "quantity"),
        ({"rule": {"condition": {"kind": "offline"}, "name": "no"}}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(
    client: httpx.Client, user: User, server: Server, change: Row, field: str
) -> None:
    body = {"rule": damp(server), "start_time": stamp(), "end_time": stamp(hours=6), **change}
    assert_refused(client.post("/rules/backtest", json=body, headers=user.headers), field)


def test_others_rules_and_servers_are_not_found(
    client: httpx.Client, user: User, stranger: User, foreign_server: Server
) -> None:
    span = {"start_time": stamp(), "end_time": stamp(hours=6)}
    body = {**span, "rule": damp(foreign_server)}
    assert_problem(client.post("/rules/backtest", json=body, headers=user.headers), 404)
    rule = make(client, stranger, {"name": unique("damp"), **damp(foreign_server)})
    body = {**span, "rule_id": rule["rule_id"]}
    assert_problem(client.post("/rules/backtest", json=body, headers=user.headers), 404)


def test_a_key_that_may_read_may_test(client: httpx.Client, user: User, server: Server) -> None:
    key = new_key(client, user, scopes=["read"])
    body = {"rule": damp(server), "start_time": stamp()}
    assert client.post("/rules/backtest", json=body, headers=bearer(key["key"])).status_code == 200


def test_servers_are_counted_each(client: httpx.Client, user: User, new_server: NewServer) -> None:
    servers = [new_server(user), new_server(user)]
    for server, heights in zip(servers, ([11, 11, 0], [0, 0, 11]), strict=True):
        waves(client, server, heights)
    rule = {**damp(servers[0]), "server_ulids": [server.ulid for server in servers]}
    report = backtest(client, user, rule=rule, wanted={"incidents": 12, "per": "day"})
    assert [row["count"] for row in report["by_server"]] == [2, 1]
    assert [incident["server_ulid"] for incident in report["incidents"]] == [
        servers[1].ulid,
        servers[0].ulid,
        servers[0].ulid,
    ]
