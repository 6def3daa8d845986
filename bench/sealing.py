"""Ingest by two writers with and without a sealer at work: rate, latency, WAL, what the hot table grows to, and how
long a device waits that repeats readings of an hour just when it is sealed.
"""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from app.core.copy import WriterConnection
from app.core.db import Database
from app.core.settings import Settings
from app.readings import hot, sealing
from app.readings.cells import Cell, cells_of
from app.readings.packing import pack_rows
from app.readings.rows import Reading, Rows, rows_of
from app.readings.segments import HOUR
from bench.history import SECOND, values
from tests.system import System

BATCH = 1000
SLICE_SERVERS = 2
# Of a device that asks again, in the middle of what is sealed at that moment.
REPEAT_SECONDS = 0.005
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
    cycles: int = 0
    """Hours of all servers that were filled and, with the sealer, emptied."""
    repeat_p99_ms: float = 0.0
    repeat_most_ms: float = 0.0


@dataclass(slots=True)
class _Run:
    """Two writers, each with half of the servers, fill hour after hour; behind them the sealer takes the hours away."""

    server_ids: list[int]
    first_hour: int
    ends: float
    hours: list[int]
    seconds: list[float] = field(default_factory=list)
    repeats: list[float] = field(default_factory=list)
    written: int = 0
    sealed: int = 0
    done: int = 0
    at_work: Cell | None = None
    """What the sealer is about to seal."""

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
        while time.monotonic() < self.ends:
            if self.done >= min(self.hours):
                await asyncio.sleep(0.01)
                continue
            for start in range(0, len(self.server_ids), SLICE_SERVERS):
                cells = [(server, self.first_hour + self.done) for server in self.server_ids[start:][:SLICE_SERVERS]]
                self.at_work = cells[0]
                self.sealed += (await sealing.seal_slice(writer, cells_of(cells), sealing.REST)).readings
            self.done += 1

    async def repeat(self, writer: WriterConnection) -> None:
        """Send again, one by one, readings that are stored, of the hour that is sealed next or just now."""
        chance = np.random.default_rng(2)
        while time.monotonic() < self.ends:
            await asyncio.sleep(REPEAT_SECONDS)
            server_id, hour = self.at_work or (self.server_ids[0], self.first_hour)
            if hour - self.first_hour >= min(self.hours):
                continue
            again = Reading(server_id, hour * HOUR + SECOND * int(chance.integers(3600)), {"voltage": 220.0})
            started = time.perf_counter()
            await hot.upsert(writer, rows_of([again]))
            self.repeats.append(time.perf_counter() - started)


def measure(system: System, server_ids: list[int], seconds: float, *, sealing: bool) -> SealedIngest:
    """One run of so many seconds."""
    return asyncio.run(_measure(system, server_ids, seconds, sealing=sealing))


async def _measure(system: System, server_ids: list[int], seconds: float, *, sealing: bool) -> SealedIngest:
    database = Database(Settings(database_url=system.database_url, redis_url=system.redis_url))
    writers = [hot.writer_for(database) for _ in range(4)]
    async with writers[2].statement() as connection:
        # The sealer of the system would take these hours at once.
        await connection.execute("SELECT pg_advisory_lock(1784834083, 0)")
        await connection.execute("DELETE FROM reading")
    async with writers[2].statement() as connection:
        await connection.execute("VACUUM reading")
        before = await _wal(writers[2])
        run = _Run(server_ids, next(_first_hours), time.monotonic() + seconds, [0, 0])
        work = [run.write(writers[0], 0), run.write(writers[1], 1), run.repeat(writers[3])]
        await asyncio.gather(*work, *([run.seal(writers[2])] if sealing else []))
        wal = await _wal(writers[2]) - before
        row = await (await connection.execute("SELECT pg_total_relation_size('reading')")).fetchone()
    for writer in writers:
        await writer.close()
    await database.close()
    size = row[0] / 1e6 if row else 0.0
    found = SealedIngest(sealing, run.written / seconds, _ms(run.seconds, 99), wal / run.written, size, run.sealed)
    found.cycles = min(run.hours)
    found.repeat_p99_ms, found.repeat_most_ms = _ms(run.repeats, 99), _ms(run.repeats, 100)
    return found


def _ms(seconds: list[float], percent: float) -> float:
    return float(np.percentile(seconds, percent)) * 1000 if seconds else 0.0


async def _wal(writer: WriterConnection) -> int:
    async with writer.statement() as connection:
        row = await (await connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")).fetchone()
    return int(row[0]) if row else 0
