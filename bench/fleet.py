"""A fleet: thousands of servers, hundreds of connections, minutes; latency, errors and memory of the API process.

    python -m bench.fleet                                   # 10,000 servers, 256 connections, 300 s
    python -m bench.fleet --servers 1000 --seconds 20

Single JSON readings of this moment, each connection sending its next when the last is answered. At the end the rows in
PostgreSQL are counted against the acknowledged ones.
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import numpy as np
import psutil
import psycopg

from app.cli.client import Api, Connection
from bench.load import drive, post
from tests.system import System, scratch_folder

SAMPLE_SECONDS = 2.0
# The caches fill in the first seconds; growth is measured behind them.
WARM_SHARE = 0.2


def register(system: System, count: int) -> list[str]:
    """Register the servers by an import of one reading each; their ULIDs."""
    rows = "".join(f"fleet-{number},2026-01-01T00:00:00Z,1\n" for number in range(count))
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    with httpx.Client(base_url=system.url, headers=headers, timeout=60, trust_env=False) as client:
        query = "server_column=node&create_servers=true"
        job = client.post(f"/imports?{query}", content="node,timestamp,temperature\n" + rows).raise_for_status().json()
        while client.get(f"/jobs/{job['job_id']}").json()["state"] in ("queued", "running"):
            time.sleep(0.5)
        servers = Api(Connection(system.url, system.admin_key), client).get_all("/servers")
    ulids = [server["server_ulid"] for server in servers if server["server_name"].startswith("fleet-")]
    if len(ulids) != count:
        raise RuntimeError(f"{len(ulids)} of {count} servers were registered")
    return ulids


def readings(ulids: list[str], key: str, until: float) -> Iterator[bytes]:
    """One server after the other, until the time is up; each reading with an instant of its own."""
    number = 0
    while time.monotonic() < until:
        ulid = ulids[number % len(ulids)]
        number += 1
        values = {"temperature": 25.3, "humidity": 48.25, "voltage": 219.7, "current": 1.42}
        body = {"server_ulid": ulid, "timestamp": datetime.now(UTC).isoformat(), **values}
        yield post("/data", json.dumps(body).encode(), key)


class Memory(threading.Thread):
    """Samples the resident memory of the API process."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        api = (process for process in system.descendants() if "uvicorn" in " ".join(process.cmdline()))
        self._process: psutil.Process = next(api)
        self._stopped = threading.Event()
        self.samples: list[tuple[float, float]] = []

    def run(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            self.samples.append((time.monotonic(), self._process.memory_info().rss / 2**20))

    def stop(self) -> tuple[float, float, float]:
        """First and last sample, MiB, and the slope behind the warm-up, MiB a minute."""
        self._stopped.set()
        self.join()
        warm = self.samples[int(len(self.samples) * WARM_SHARE) :]
        seconds, sizes = zip(*warm, strict=True)
        slope = float(np.polyfit(np.array(seconds), np.array(sizes), 1)[0]) * 60
        return self.samples[0][1], self.samples[-1][1], slope


def stored(system: System) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM reading").fetchone()
    return row[0] if row else 0


def measure(system: System, servers: int, connections: int, seconds: float) -> None:
    ulids = register(system, servers)
    before = stored(system)
    memory = Memory(system)
    memory.start()
    result = drive(system.port, readings(ulids, system.admin_key, time.monotonic() + seconds), connections)
    first, last, slope = memory.stop()
    acknowledged = result.answers - result.failures
    print(f"{servers:,} servers, {connections} connections, {result.seconds:.0f} s: {result.rate:,.0f} readings/s")
    print(f"p50 {result.median * 1000:.1f} ms, p99 {result.p99 * 1000:.1f} ms, failed {result.failures}")
    print(f"acknowledged {acknowledged:,}, stored {stored(system) - before:,}")
    print(f"memory {first:.0f} → {last:.0f} MiB, slope behind the warm-up {slope:+.2f} MiB a minute")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--servers", type=int, default=10_000)
    options.add_argument("--connections", type=int, default=256)
    options.add_argument("--seconds", type=float, default=300)
    chosen = options.parse_args()
    system = System(scratch_folder())
    try:
        measure(system.start(), chosen.servers, chosen.connections, chosen.seconds)
    finally:
        system.close()


if __name__ == "__main__":
    main()
