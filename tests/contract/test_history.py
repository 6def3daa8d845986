"""A batch of `POST /data` that is history goes straight into segments: no row of it is ever hot."""

import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import Server, User
from tests.contract.calls import START, column, post, readings_of, stamp
from tests.system import System

# An hour and a bit, so that one hour is dense and the next is not.
COUNT = 3650


def body(server: Server) -> str:
    rows = ({"server_ulid": server.ulid, "timestamp": stamp(seconds=n), "voltage": n} for n in range(COUNT))
    return "".join(json.dumps(row) + "\n" for row in rows)


def stored(system: System, server: Server) -> tuple[int, int, int]:
    """Hot rows, segments, and the readings of those."""
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM reading WHERE server_id = server.server_id),"
            " (SELECT count(*) FROM segment WHERE server_id = server.server_id),"
            " (SELECT coalesce(sum(count), 0) FROM segment WHERE server_id = server.server_id)"
            " FROM server WHERE server_ulid = %s",
            (server.ulid,),
        ).fetchone()
    assert row
    return int(row[0]), int(row[1]), int(row[2])


@pytest.mark.parametrize("asked", [{}, {"atomic": "true"}, {"Idempotency-Key": "once"}])
def test_dense_hours_are_segments_at_once(
    client: httpx.Client, system: System, user: User, server: Server, asked: dict[str, Any]
) -> None:
    headers = {**server.headers, "Content-Type": "application/x-ndjson"}
    headers |= {name: value for name, value in asked.items() if name == "Idempotency-Key"}
    params = {name: value for name, value in asked.items() if name == "atomic"}
    first = client.post("/data", content=body(server), headers=headers, params=params)
    assert (first.status_code, first.json()["accepted"]) == (201, COUNT), first.text
    hot, segments, sealed = stored(system, server)
    # The fifty readings behind the hour may have been folded in meanwhile.
    assert (sealed, segments, hot) in ((3600, 1, 50), (COUNT, 2, 0))
    again = client.post("/data", content=body(server), headers=headers, params=params).json()
    if "Idempotency-Key" in asked:
        assert again == first.json()
    else:
        assert (again["accepted"], again["duplicates"]) == (0, COUNT)
    until = (START + timedelta(seconds=COUNT)).isoformat()
    assert column(readings_of(client, user, server, end_time=until), "voltage") == list(range(COUNT))


def test_history_merges_into_what_a_segment_holds(client: httpx.Client, user: User, server: Server) -> None:
    headers = {**server.headers, "Content-Type": "application/x-ndjson"}
    client.post("/data", content=body(server), headers=headers).raise_for_status()
    post(client, server, timestamp=stamp(seconds=7), voltage=-1, humidity=3)
    lines = [
        {"server_ulid": server.ulid, "timestamp": stamp(seconds=n), "temperature": 20.5} for n in range(COUNT - 100)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    receipt = client.post("/data", content=text, headers=headers).raise_for_status().json()
    assert receipt["updated"] == COUNT - 100
    rows = readings_of(client, user, server, start_time=stamp(seconds=7), end_time=stamp(seconds=8))
    assert rows == [
        {"timestamp": stamp(seconds=7), "server_ulid": server.ulid, "voltage": -1, "humidity": 3, "temperature": 20.5},
        {"timestamp": stamp(seconds=8), "server_ulid": server.ulid, "voltage": 8, "temperature": 20.5},
    ]
