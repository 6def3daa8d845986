"""Two-month-old readings by the ten thousand while others are live: these keep their time, and the worker its size."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import httpx
import pytest

from tests.conftest import Server
from tests.faults.load import Load, assert_all_there_once
from tests.faults.processes import WORKER, below, get
from tests.system import System

COUNT = 1_000_000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 50_000
BATCH = 10_000
ALONE_SECONDS = 3.0
# What is promised, and fivefold slack: processes of other tests share the processor.
RATIO, SLACK = 2.0, 5.0
# Below this a ratio tells more about the clock than about the load.
LEAST_SECONDS = 0.01
WORKER_BYTES = 400 * 10**6


def batch(server: Server, begin: datetime, first: int) -> str:
    rows = (
        {"server_ulid": server.ulid, "timestamp": (begin + timedelta(seconds=n)).isoformat(), "voltage": n % 50}
        for n in range(first, first + BATCH)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def send(admin: httpx.Client, text: str) -> int:
    """How many were new; as often as the limits say to wait."""
    headers = {"Content-Type": "application/x-ndjson"}
    while (answer := admin.post("/data", content=text, headers=headers)).status_code == 429:
        time.sleep(float(answer.headers["Retry-After"]))
    accepted: int = answer.raise_for_status().json()["accepted"]
    return accepted


def p99(load: Load, start: float, end: float) -> float:
    return quantiles([seconds for begun, seconds in list(load.took) if start <= begun < end], n=100)[98]


@pytest.mark.timeout(900)
def test_a_flood_of_late_readings_leaves_live_ones_their_time(own: System, admin: httpx.Client, server: Server) -> None:
    made = admin.post("/servers", json={"server_name": f"late-{server.name}"}).raise_for_status().json()
    late = Server(made["server_ulid"], made["server_name"], made["device_key"], {})
    begin = datetime.now(UTC) - timedelta(days=60)
    texts = [batch(late, begin, first) for first in range(0, COUNT, BATCH)]
    with Load(own, server) as load:
        time.sleep(1)
        begun = time.monotonic()
        time.sleep(ALONE_SECONDS)
        flood = time.monotonic()
        assert sum(send(admin, text) for text in texts) == COUNT
        job = admin.post("/maintenance/seal").raise_for_status().json()
        while admin.get(f"/jobs/{job['job_id']}").json()["state"] != "done":
            time.sleep(0.1)
        ended = time.monotonic()
    alone, beside = p99(load, begun, flood), p99(load, flood, ended)
    assert beside < SLACK * RATIO * max(alone, LEAST_SECONDS), (alone, beside)
    assert max(process.memory_info().rss for process in below(get(own, WORKER))) < WORKER_BYTES
    counted = admin.get("/data", params={"server_ulid": late.ulid, "function": "count"}).raise_for_status().json()
    assert counted[0]["voltage"] == COUNT
    assert_all_there_once(admin, server, load)
