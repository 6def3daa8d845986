"""Backtests as jobs, and one of real readings: what it says is what the watcher does."""

import csv
import gzip
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import httpx

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, moment, post_many, stamp, unique
from tests.contract.problems import assert_problem
from tests.contract.test_backtests import backtest, damp, waves
from tests.contract.test_rules import incidents, make, until

FILE = Path(__file__).parents[1] / "data" / "library1.csv.gz"
# A day and two hours pass in nine seconds.
TIMES_FASTER = 10_000
AHEAD = timedelta(seconds=3)


def test_a_large_backtest_is_a_job_with_the_same_report(client: httpx.Client, user: User, server: Server) -> None:
    waves(client, server, [0, 11, 0, 15])
    body = {"rule": damp(server), "start_time": stamp(), "end_time": stamp(hours=6)}
    answer = client.post("/rules/backtest", json={**body, "job": True}, headers=user.headers)
    assert answer.status_code == 202
    path = f"/jobs/{answer.json()['job_id']}"
    assert answer.headers["Location"] == path
    until(lambda: client.get(path, headers=user.headers).json()["state"] == "done")
    job = client.get(path, headers=user.headers).json()
    report = backtest(client, user, rule=damp(server))
    assert (job["kind"], job["owner"]["name"]) == ("backtest", user.username)
    assert job["result"] | {"took_seconds": 0} == report | {"took_seconds": 0}


def test_a_rule_that_is_gone_when_its_job_runs_was_read_before(
    client: httpx.Client, user: User, server: Server
) -> None:
    waves(client, server, [11])
    rule = make(client, user, {"name": unique("damp"), "enabled": False, **damp(server)})
    body = {"rule_id": rule["rule_id"], "start_time": stamp(), "end_time": stamp(hours=6), "job": True}
    path = f"/jobs/{client.post('/rules/backtest', json=body, headers=user.headers).json()['job_id']}"
    client.delete(f"/rules/{rule['rule_id']}", headers=user.headers).raise_for_status()
    until(lambda: client.get(path, headers=user.headers).json()["state"] == "done")
    assert client.get(path, headers=user.headers).json()["result"]["firing"]["count"] == 1
    assert_problem(client.post("/rules/backtest", json=body, headers=user.headers), 404)


def library(nodes: int) -> list[tuple[str, datetime, float]]:
    """Node, instant and humidity of the readings that some of the nodes took, by instant."""
    with gzip.open(FILE, "rt") as file:
        rows = [(row["node"], moment(row["timestamp"]), float(row["humidity"])) for row in csv.DictReader(file)]
    chosen = sorted({node for node, _, _ in rows}, key=int)[:nodes]
    return [row for row in rows if row[0] in chosen]


def slices(rows: list[tuple[str, datetime, float]], start: datetime) -> Iterator[tuple[datetime, list[Row]]]:
    """The readings in the time of now, as they are due."""
    first = rows[0][1]
    moved = [(node, start + (at - first) / TIMES_FASTER, humidity) for node, at, humidity in rows]
    for _, part in groupby(moved, key=lambda row: int((row[1] - start).total_seconds() * 4)):
        due = list(part)
        yield due[0][1], [{"node": node, "timestamp": at.isoformat(), "humidity": value} for node, at, value in due]


def test_real_humidity_fires_live_as_the_backtest_said(client: httpx.Client, user: User, new_server: NewServer) -> None:
    rows = library(4)
    servers = {node: new_server(user) for node in dict.fromkeys(row[0] for row in rows)}
    for node, server in servers.items():
        post_many(
            client, server, [{"timestamp": at.isoformat(), "humidity": value} for of, at, value in rows if of == node]
        )
    hold = 600.0
    condition = {"kind": "threshold", "quantity": "humidity", "above": 51.5, "hysteresis": 0.3, "hold_seconds": hold}
    rule = {"condition": condition, "server_ulids": [server.ulid for server in servers.values()]}
    span = {"start_time": rows[0][1].isoformat(), "end_time": rows[-1][1].isoformat()}
    past = backtest(client, user, rule=rule, **span)
    assert past["firing"]["count"] >= 4, "a rule worth testing"
    told = sorted((row["server_ulid"], row["opened_at"], row["value"]) for row in past["incidents"])

    quick = {**condition, "hold_seconds": hold / TIMES_FASTER}
    live = make(client, user, {**rule, "name": unique("damp"), "condition": quick, "reopen_seconds": 0})
    time.sleep(2.5)
    start = datetime.now(UTC)
    for due, part in slices(rows, start):
        time.sleep(max(0.0, (due - AHEAD - datetime.now(UTC)).total_seconds()))
        for node, server in servers.items():
            own = [{"timestamp": row["timestamp"], "humidity": row["humidity"]} for row in part if row["node"] == node]
            if own:
                post_many(client, server, own)
    until(lambda: len(incidents(client, user, live)) >= len(told))
    time.sleep(2)
    found = sorted((row["server_ulid"], row["opened_at"], row["why"]["value"]) for row in incidents(client, user, live))
    again = backtest(client, user, rule={**rule, "condition": quick}, start_time=start.isoformat(), end_time=None)
    assert found == sorted((row["server_ulid"], row["opened_at"], row["value"]) for row in again["incidents"])
    assert [(ulid, value) for ulid, _, value in found] == [(ulid, value) for ulid, _, value in told]
    first = rows[0][1]
    for (_, at, _), (_, then, _) in zip(found, told, strict=True):
        assert abs((moment(at) - start) * TIMES_FASTER - (moment(then) - first)) < timedelta(seconds=1)
