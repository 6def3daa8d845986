"""Ingest by two writers with and without a sealer at work: rate, latency, WAL, and what the hot table grows to."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from app.core.copy import WriterConnection
from app.core.db import Database
from app.core.settings import Settings
from app.readings import hot, sealed
from app.readings.cells import cells_of
from app.readings.packing import pack_rows
from app.readings.rows import Rows
from app.readings.segments import HOUR
from bench.history import SECOND, values
from tests.system import System

BATCH = 1000
SLICE_SERVERS = 2
# Each run writes hours of its own; the sealer of the system leaves them alone until they are over.
_first_hours = count(400_000, 10_000)


@dataclass(slots=True)
class SealedIngest:
    """One run."""

    sealing: bool
    rate: float = 0.0
    p99_ms: float = 0.0
    wal_bytes: float = 0.0
    table_mb: float = 0.0
    sealed: int = 0


@dataclass(slots=True)
class _Run:
    """Two writers, each with half of the servers, fill hour after hour; behind them the sealer takes the hours away."""

    server_ids: list[int]
    first_hour: int
    ends: float
    hours: list[int]
    seconds: list[float] = field(default_factory=list)
    written: int = 0
    sealed: int = 0

    async def write(self, writer: WriterConnection, place: int) -> None:
        mine = self.server_ids[place::2]
        chance = np.random.default_rng(place)
        for number in count():
            # A second of every server in turn: BATCH // len(mine) seconds in a batch.
            seconds = BATCH // len(mine)
            first = self.first_hour * HOUR + number * seconds * SECOND
            ts = np.tile(first + SECOND * np.arange(seconds), len(mine))
            rows = Rows(np.repeat(mine, seconds), ts, values(len(ts), chance))
            packed = pack_rows(rows)
            if time.monotonic() > self.ends:
                return
            started = time.perf_counter()
            await hot.insert(writer, packed)
            self.seconds.append(time.perf_counter() - started)
            self.written += len(rows)
            self.hours[place] = (first + seconds * SECOND) // HOUR - self.first_hour

    async def seal(self, writer: WriterConnection) -> None:
        done = 0
        while time.monotonic() < self.ends:
            if done >= min(self.hours):
                await asyncio.sleep(0.01)
                continue
            for start in range(0, len(self.server_ids), SLICE_SERVERS):
                cells = cells_of([(s, self.first_hour + done) for s in self.server_ids[start : start + SLICE_SERVERS]])
                async with writer.transaction() as connection:
                    await sealed.lock(connection, cells)
                    self.sealed += (await sealed.fold(connection, cells)).hot
            done += 1


def measure(system: System, server_ids: list[int], seconds: float, *, sealing: bool) -> SealedIngest:
    """One run of so many seconds."""
    return asyncio.run(_measure(system, server_ids, seconds, sealing=sealing))


async def _measure(system: System, server_ids: list[int], seconds: float, *, sealing: bool) -> SealedIngest:
    database = Database(Settings(database_url=system.database_url, redis_url=system.redis_url))
    writers = [hot.writer_for(database) for _ in range(3)]
    async with writers[2].statement() as connection:
        # The sealer of the system would take these hours at once.
        await connection.execute("SELECT pg_advisory_lock(1784834083, 0)")
        await connection.execute("DELETE FROM reading")
    async with writers[2].statement() as connection:
        await connection.execute("VACUUM reading")
        before = await _wal(writers[2])
        run = _Run(server_ids, next(_first_hours), time.monotonic() + seconds, [0, 0])
        work = [run.write(writers[0], 0), run.write(writers[1], 1)]
        await asyncio.gather(*work, *([run.seal(writers[2])] if sealing else []))
        wal = await _wal(writers[2]) - before
        row = await (await connection.execute("SELECT pg_total_relation_size('reading')")).fetchone()
    for writer in writers:
        await writer.close()
    await database.close()
    p99 = float(np.percentile(run.seconds, 99)) * 1000
    size = row[0] / 1e6 if row else 0.0
    return SealedIngest(sealing, run.written / seconds, p99, wal / run.written, size, run.sealed)


async def _wal(writer: WriterConnection) -> int:
    async with writer.statement() as connection:
        row = await (await connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")).fetchone()
    return int(row[0]) if row else 0
