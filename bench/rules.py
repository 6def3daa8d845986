"""The watcher's look at rules: 10,000 servers that send once a second, and how long a look takes.

    python -m bench.rules                           # three rules over 10,000 servers, twenty looks
    python -m bench.rules --servers 1000

The rules (a threshold, a rate, NoData) look at every server; each look finds a new reading of each. The system's own
watcher is halted meanwhile. Seconds of the clock, and of this process and PostgreSQL's as they share the machine.
"""

import argparse
import asyncio
import os
import signal
import time
from statistics import median

import httpx
import numpy as np
import psycopg
from rich.console import Console

from app.alerts import evaluating
from app.core import db
from app.core.db import Database
from app.core.settings import Settings
from app.readings.packing import pack_rows
from app.readings.quantities import NAMES
from app.readings.rows import Rows
from tests.system import System, scratch_folder

RULES = {
    "threshold": {"kind": "threshold", "quantity": "temperature", "above": 30, "hold_seconds": 60},
    "rate": {"kind": "rate", "quantity": "temperature", "above": 5, "per": "minute", "window_seconds": 60},
    "nodata": {"kind": "nodata", "quantity": "temperature", "for_seconds": 60},
}
MAKE_SERVERS = """
    INSERT INTO server (server_ulid, workspace_id, name)
    SELECT 'BENCH' || lpad(n::text, 21, '0'), (SELECT min(workspace_id) FROM workspace), 'bench-' || n
    FROM generate_series(1, %s) AS n RETURNING server_id
"""
HEARD = """
    INSERT INTO server_activity (server_id, last_arrival_at) SELECT unnest(%s::int[]), now()
    ON CONFLICT (server_id) DO UPDATE SET last_arrival_at = excluded.last_arrival_at
"""
COPY = f"COPY reading (server_id, ts, {', '.join(NAMES)}, extra) FROM STDIN (FORMAT BINARY)"


def send(connection: "psycopg.Connection[tuple[int]]", servers: list[int], seed: int) -> None:
    """A reading of this moment from each server."""
    chance = np.random.default_rng(seed)
    count = len(servers)
    ts = time.time_ns() // 1000 + np.arange(count)
    rows = Rows(np.array(servers), ts, {"temperature": np.round(22 + chance.normal(0, 0.2, count), 1)})
    with connection.cursor() as cursor, cursor.copy(COPY.encode()) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + pack_rows(rows) + b"\xff\xff")
    connection.execute(HEARD, (servers,))


async def look(
    database: Database, count: int, connection: "psycopg.Connection[tuple[int]]", servers: list[int]
) -> tuple[list[float], list[float]]:
    """Seconds of the clock and of this process, of each look."""
    own = await database.connect()
    watch = evaluating.Watch()
    clock, process = [], []
    try:
        for number in range(count + 1):
            send(connection, servers, number)
            began, used = time.perf_counter(), time.process_time()
            async with db.transaction(own):
                await evaluating.follow(own, database, watch, [])
            clock.append(time.perf_counter() - began)
            process.append(time.process_time() - used)
    finally:
        await own.close()
    # The first one reads the rules and their servers.
    return clock[1:], process[1:]


def measure(system: System, servers: int, looks: int) -> tuple[list[float], list[float]]:
    """Register, halt the system's watcher, look."""
    watcher = next(process for process in system.descendants() if "app.watcher" in " ".join(process.cmdline()))
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        numbers = [row[0] for row in connection.execute(MAKE_SERVERS, (servers,)).fetchall()]
        with httpx.Client(base_url=system.url, headers=headers, timeout=60, trust_env=False) as client:
            for name, condition in RULES.items():
                client.post("/rules", json={"name": name, "condition": condition}).raise_for_status()
        os.kill(watcher.pid, signal.SIGSTOP)
        try:
            settings = Settings(database_url=system.database_url, redis_url=system.redis_url, data_dir=system.data_dir)
            database = Database(settings)
            return asyncio.run(look(database, looks, connection, numbers))
        finally:
            os.kill(watcher.pid, signal.SIGCONT)


def main() -> None:
    """Entry of `python -m bench.rules`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=10_000)
    parser.add_argument("--looks", type=int, default=20)
    options = parser.parse_args()
    system = System(scratch_folder())
    try:
        system.start()
        clock, process = measure(system, options.servers, options.looks)
    finally:
        system.close()
    Console().print(
        f"{len(RULES)} rules x {options.servers:,} servers, a new reading of each: median {median(clock):.3f} s, "
        f"longest {max(clock):.3f} s (promised: 1 s); of this process {median(process):.3f} s"
    )


if __name__ == "__main__":
    main()
