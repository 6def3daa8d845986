"""Ingest: single readings and arrays through `POST /data`, against one ORM INSERT a request, in one run.

    python -m bench.ingest                 # 64 connections, three rounds
    python -m bench.ingest --rounds 5 --connections 16

Both sides write durably into the same PostgreSQL (stock settings, synchronous_commit=on); ours also checks a device
key. Sides alternate (A B A B), medians over the rounds are printed with their ratio.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx

from bench.load import Result, drive, post
from tests.system import System, free_port, scratch_folder

ARRAY = 1000
SETTLE_SECONDS = 8
START = datetime(2026, 1, 1, tzinfo=UTC)


def reading(ulid: str, index: int) -> dict[str, object]:
    """A reading of its own instant, ten a second."""
    moment = START + timedelta(milliseconds=100 * index)
    values = {"temperature": 25.3, "humidity": 48.25, "voltage": 219.7, "current": 1.42}
    return {"server_ulid": ulid, "timestamp": moment.isoformat(), **values}


def singles(ulid: str, bearer: str, first: int, count: int) -> list[bytes]:
    return [post("/data", json.dumps(reading(ulid, first + i)).encode(), bearer) for i in range(count)]


def arrays(ulid: str, bearer: str, first: int, count: int) -> list[bytes]:
    bodies = (json.dumps([reading(ulid, first + i * ARRAY + j) for j in range(ARRAY)]).encode() for i in range(count))
    return [post("/data", body, bearer) for body in bodies]


@contextmanager
def orm_route(database_url: str) -> Iterator[int]:
    """The other side, served by the same uvicorn; its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.orm_route:app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen([*command, "--log-level", "warning"], env=os.environ | {"DATABASE_URL": database_url})
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            httpx.get(f"http://127.0.0.1:{port}/docs", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError("the ORM route did not start")


def _register(system: System) -> tuple[str, str]:
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    made = httpx.post(f"{system.url}/servers", json={"server_name": "bench"}, headers=headers, trust_env=False)
    document = made.raise_for_status().json()
    return document["server_ulid"], document["device_key"]


def measure(system: System, rounds: int, connections: int, requests: int) -> None:
    """Run the rounds and print the table."""
    # Worker and beat start after the API and import for seconds on the cores that are measured.
    time.sleep(SETTLE_SECONDS)
    ulid, key = _register(system)
    ours: list[Result] = []
    theirs: list[Result] = []
    many: list[Result] = []
    next_free = 0
    with orm_route(system.database_url) as orm_port:
        for _ in range(rounds):
            theirs.append(drive(orm_port, singles(ulid, key, 0, requests // 8), connections))
            ours.append(drive(system.port, singles(ulid, key, next_free, requests), connections))
            next_free += requests
            many.append(drive(system.port, arrays(ulid, key, next_free, 100), 4))
            next_free += 100 * ARRAY
    _report("one ORM INSERT a request", theirs, 1, theirs)
    _report("POST /data, one reading", ours, 1, theirs)
    _report(f"POST /data, array of {ARRAY}", many, ARRAY, theirs)


def _report(title: str, results: list[Result], readings: int, base: list[Result]) -> None:
    rate = median(result.rate for result in results) * readings
    ratio = rate / median(result.rate for result in base)
    p50 = median(result.median for result in results) * 1000
    p99 = median(result.p99 for result in results) * 1000
    failures = sum(result.failures for result in results)
    print(
        f"{title:28} {rate:>10,.0f} readings/s {ratio:>8.1f} x  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms  failed {failures}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--requests", type=int, default=20_000, help="single readings a round")
    chosen = options.parse_args()
    system = System(scratch_folder())
    try:
        measure(system.start(), chosen.rounds, chosen.connections, chosen.requests)
    finally:
        system.close()


if __name__ == "__main__":
    main()
