"""psycopg 3 or asyncpg for ingest: the same batches by binary COPY, committed durably, in one run.

    python -m bench.drivers

One connection each, uvloop, batches of 1, 64, 1,000 and 20,000 new readings; the drivers alternate, medians are
printed with the wall time of psycopg over asyncpg's, and the client's CPU time likewise.
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from statistics import median
from typing import Any

import asyncpg
import psycopg
import uvloop

from app.core.copy import HEADER, TRAILER, copy_in
from app.readings.packing import pack_reading
from app.readings.rows import Reading
from tests.system import System, scratch_folder

TABLE = "bench_drivers"
START = 1_767_225_600_000_000
BATCHES = {1: 200, 64: 200, 1_000: 40, 20_000: 5}
ROUNDS = 5
VALUES = {"temperature": 25.3, "humidity": 48.25, "voltage": 219.7, "current": 1.42}
Write = Callable[[bytes], Awaitable[None]]


def rows(numbers: Iterator[int], size: int) -> bytes:
    return b"".join(pack_reading(Reading(1, START + 1000 * next(numbers), VALUES)) for _ in range(size))


async def timed(write: Write, batches: list[bytes]) -> tuple[float, float]:
    """Wall and CPU seconds a batch."""
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        await write(batch)
    return (time.perf_counter() - wall) / len(batches), (time.process_time() - cpu) / len(batches)


def by_psycopg(connection: "psycopg.AsyncConnection[Any]") -> Write:
    async def write(batch: bytes) -> None:
        await copy_in(connection, f"COPY {TABLE} FROM STDIN (FORMAT BINARY)", batch)

    return write


def by_asyncpg(connection: "asyncpg.Connection[Any]") -> Write:
    async def write(batch: bytes) -> None:
        await connection.copy_to_table(TABLE, source=io.BytesIO(HEADER + batch + TRAILER), format="binary")

    return write


async def compare(database_url: str) -> None:
    psycopg_connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    asyncpg_connection = await asyncpg.connect(database_url)
    await psycopg_connection.execute(f"CREATE TABLE {TABLE} (LIKE reading INCLUDING ALL)")
    writes = {"psycopg": by_psycopg(psycopg_connection), "asyncpg": by_asyncpg(asyncpg_connection)}
    numbers = count()
    for size, repeats in BATCHES.items():
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in writes}
        for _ in range(ROUNDS):
            for name, write in writes.items():
                batches = [rows(numbers, size) for _ in range(repeats)]
                results[name].append(await timed(write, batches))
        report(size, results)
    await psycopg_connection.close()
    await asyncpg_connection.close()


def report(size: int, results: dict[str, list[tuple[float, float]]]) -> None:
    wall = {name: median(pair[0] for pair in pairs) * 1000 for name, pairs in results.items()}
    cpu = {name: median(pair[1] for pair in pairs) * 1000 for name, pairs in results.items()}
    print(
        f"batch of {size:>6,}: psycopg {wall['psycopg']:8.2f} ms, asyncpg {wall['asyncpg']:8.2f} ms "
        f"({wall['psycopg'] / wall['asyncpg']:.2f} x); CPU {cpu['psycopg']:8.2f} and {cpu['asyncpg']:8.2f} ms "
        f"({cpu['psycopg'] / cpu['asyncpg']:.2f} x)"
    )


def main() -> None:
    system = System(scratch_folder())
    try:
        system.start()
        uvloop.install()
        asyncio.run(compare(system.database_url))
    finally:
        system.close()


if __name__ == "__main__":
    main()
