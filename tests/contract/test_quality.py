"""`GET /data/quality`: what a server should have sent, and what it did."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import post, post_many, stamp
from tests.contract.problems import assert_problem

PERIOD = {"start_time": stamp(), "end_time": stamp(minutes=10)}


def quality(client: httpx.Client, user: User, **parameters: Any) -> list[dict[str, Any]]:
    response = client.get("/data/quality", params=parameters, headers=user.headers)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


def of(client: httpx.Client, user: User, server: Server, **parameters: Any) -> dict[str, Any]:
    (row,) = quality(client, user, server_ulid=server.ulid, **{**PERIOD, **parameters})
    return row


def test_a_server_that_sends_everything_is_complete(client: httpx.Client, user: User, server: Server) -> None:
    post_many(client, server, [{"timestamp": stamp(seconds=5 * n), "temperature": 20 + n % 7} for n in range(120)])
    row = of(client, user, server, end_time=stamp(seconds=599))
    assert (row["readings"], row["expected"], row["completeness"]) == (120, 120, 1.0)
    assert (row["interval_seconds"], row["interval_declared"]) == (5.0, False)
    assert row["gaps"] == {"count": 0, "seconds": 0.0, "longest": []}
    assert row["quantities"]["temperature"] | {"stuck": 0} == {
        "readings": 120, "minimum": 20.0, "maximum": 26.0, "out_of_range": 0, "stuck": 0,
    }  # fmt: skip


def test_gaps_are_counted_against_the_declared_interval(client: httpx.Client, user: User, server: Server) -> None:
    body = {"interval_seconds": 10}
    client.patch(f"/servers/{server.ulid}", json=body, headers=user.headers).raise_for_status()
    seconds = [*range(100, 200, 10), *range(300, 400, 10)]
    post_many(client, server, [{"timestamp": stamp(seconds=second), "humidity": 50} for second in seconds])
    row = of(client, user, server)
    assert row["interval_declared"]
    assert (row["readings"], row["expected"]) == (20, 60)
    assert row["completeness"] == 0.333333
    spans = [(span["start_time"], span["end_time"]) for span in row["gaps"]["longest"]]
    assert row["gaps"]["count"] == 3
    assert spans[1:] == [(stamp(seconds=190), stamp(seconds=300)), (stamp(), stamp(seconds=100))]


def test_values_that_are_stuck_or_cannot_be(client: httpx.Client, user: User, server: Server) -> None:
    rows = [{"timestamp": stamp(seconds=n), "temperature": 25.0 if 100 <= n < 400 else n % 9} for n in range(600)]
    rows[50]["temperature"] = 900.0
    post_many(client, server, rows)
    found = of(client, user, server, stuck_after=200)["quantities"]["temperature"]
    assert found["out_of_range"] == 1
    assert found["stuck"]["longest"] == [
        {"start_time": stamp(seconds=100), "end_time": stamp(seconds=399), "value": 25.0, "readings": 300}
    ]
    assert of(client, user, server)["quantities"]["temperature"]["stuck"]["count"] == 0
    narrow = of(client, user, server, plausible="temperature:0..8")["quantities"]["temperature"]
    assert narrow["out_of_range"] == 301


def test_arrivals_tell_what_came_late_twice_bad_and_from_a_fast_clock(
    client: httpx.Client, user: User, server: Server
) -> None:
    ahead = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
    post(client, server, timestamp=ahead, temperature=1)
    for _ in range(2):
        post(client, server, timestamp=stamp(), temperature=2)
    post_many(client, server, [{"timestamp": stamp(seconds=n), "temperature": 2} for n in range(3)])
    bad = {"server_ulid": server.ulid, "humidity": 101}
    assert client.post("/data", json=bad, headers=server.headers).status_code == 422
    deadline = time.monotonic() + 40
    while True:
        (row,) = quality(client, user, server_ulid=server.ulid)
        if row["arrivals"] and row["arrivals"]["received"] == 6 and row["arrivals"]["rejected"] == 1:
            break
        assert time.monotonic() < deadline, row
        time.sleep(0.5)
    arrivals = row["arrivals"]
    assert (arrivals["duplicates"], arrivals["late"]) == (2, 5)
    assert 80 < arrivals["clock_ahead_seconds"] <= 90
    assert arrivals["lag_seconds"]["largest"] > 86_400


def test_a_server_that_has_sent_nothing_and_a_workspace_without_servers(
    client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    user = new_user()
    assert quality(client, user) == []
    server = new_server(user)
    (row,) = quality(client, user)
    assert row["server_ulid"] == server.ulid
    assert (row["readings"], row["expected"], row["completeness"], row["quantities"]) == (0, None, None, {})


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "0001-01-01T12:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_a_period_at_the_edge_of_the_calendar_is_answered(
    client: httpx.Client, user: User, server: Server, end: str
) -> None:
    row = next(row for row in quality(client, user, end_time=end) if row["server_ulid"] == server.ulid)
    assert row["start_time"] <= row["end_time"]


def test_bad_parameters_are_named(client: httpx.Client, user: User, foreign_server: Server) -> None:
    def refused(**parameters: Any) -> Any:
        answer = client.get("/data/quality", params=parameters, headers=user.headers)
        return assert_problem(answer, 422)["errors"][0]["loc"]

    assert refused(plausible="temperature:9..1") == ["query", "plausible", 0]
    assert refused(stuck_after=0) == ["query", "stuck_after"]
    assert refused(start_time=stamp(hours=1), end_time=stamp()) == ["query"]
    assert refused(sensor_type="nothing") == ["query", "sensor_type", 0]
    params = {"server_ulid": foreign_server.ulid}
    assert_problem(client.get("/data/quality", params=params, headers=user.headers), 404)
