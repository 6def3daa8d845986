"""The sealer: hours that have passed leave the hot table for segments, slice by slice (invariants S1 to S4)."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import structlog

from app.core import clock, metrics
from app.core.copy import Connection, WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.readings import sealed
from app.readings import segment_queries as queries
from app.readings.cells import Cell, Cells, cells_of
from app.readings.forms import forms

# A slice is one transaction, and as long as it lasts a device that repeats one of its readings waits: 15 ms of CPU,
# 30 ms and more on a machine with several times more work than cores. Half as many rows took as long there, for it is
# the round trips that wait. So many cells are what sparse servers put together.
SLICE_ROWS = 8_000
SLICE_CELLS = 64
# What runs every minute rests as long as it has worked: it can wait, and who sends readings at that moment cannot. So
# it seals some 200,000 readings a second at the most.
REST = 1.0
# Servers of which the hours that are due are looked up at once; of each the oldest day.
PAGE_SERVERS = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a run did."""

    readings: int = 0
    segments: int = 0
    failed: list[Cell] = field(default_factory=list)
    """Hours that were left for the next run; the log says why."""

    def __add__(self, other: "Sealed") -> "Sealed":
        return Sealed(self.readings + other.readings, self.segments + other.segments, [*self.failed, *other.failed])


Report = Callable[[float], Awaitable[None]]
"""Is told the share that is done, 0 to 1."""


def due_before(lag: timedelta) -> datetime:
    """The start of the oldest hour that stays hot: hours that ended longer than `lag` ago are due."""
    return (clock.now() - lag).replace(minute=0, second=0, microsecond=0)


async def seal(
    database: Database,
    lag: timedelta,
    *,
    seconds: float | None = None,
    rest: float = 0.0,
    report: Report | None = None,
) -> Sealed | None:
    """Seal every hour that is due, each once, or as many as fit into so many seconds; None when another is at it.

    It rests for `rest` times as long as it works.

    An hour that fails is left as it is, and the others go on. Raises what means that the database is away.
    """
    writer = WriterConnection(database)
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    try:
        async with writer.statement() as connection:
            row = await (await connection.execute(queries.TRY_LOCK_SEALER)).fetchone()
            if row is None or not row[0]:
                return None
        return await _seal_all(writer, due_before(lag), deadline, rest, report)
    finally:
        await writer.close()


async def _seal_all(
    writer: WriterConnection, before: datetime, deadline: float, rest: float, report: Report | None
) -> Sealed:
    total = Sealed()
    due = await _count_due(writer, before) if report else 1
    # A run only goes forward: what comes late to an hour that it has passed waits for the next run. Otherwise a trickle
    # of late readings would have it fold the same hours again and again, six times a minute.
    passed: dict[int, int] = {}
    while True:
        this_pass = Sealed()
        async for cells in _slices(writer, before, dict(passed)):
            this_pass += await seal_slice(writer, cells, rest)
            passed |= {server_id: hour + 1 for server_id, hour in cells.pairs()}
            if report:
                await report(min((total + this_pass).readings / due, 1.0))
            if time.monotonic() > deadline:
                break
        total += this_pass
        await _measure_lag(writer, before)
        # Of each server a pass seals the oldest day: a backlog takes several.
        if not (this_pass.readings or this_pass.failed) or time.monotonic() > deadline:
            return total


async def _slices(writer: WriterConnection, before: datetime, passed: Mapping[int, int]) -> AsyncIterator[Cells]:
    """What is due, as slices: of every server the oldest day, behind the hour that it has passed."""
    after = 0
    behind = {"passed": list(passed), "hours": list(passed.values())}
    while True:
        parameters = {"before": before, "after": after, "servers": PAGE_SERVERS, **behind}
        async with writer.statement() as connection:
            due = await (await connection.execute(forms(connection).due, parameters)).fetchall()
        if not due:
            return
        for cells in _cut(due):
            yield cells
        after = due[-1][0]


def _cut(due: list[tuple[int, int, int]]) -> list[Cells]:
    """Cells with their counts of rows, ascending, cut into slices of bounded size."""
    slices: list[list[Cell]] = [[]]
    rows = 0
    for server_id, hour, count in due:
        if slices[-1] and (rows + count > SLICE_ROWS or len(slices[-1]) >= SLICE_CELLS):
            slices.append([])
            rows = 0
        slices[-1].append((server_id, hour))
        rows += count
    return [cells_of(cells) for cells in slices]


async def seal_slice(writer: WriterConnection, cells: Cells, rest: float = 0.0) -> Sealed:
    """Seal these cells in one transaction, an hour with more rows than a slice in several; rest after each."""
    total = Sealed()
    while True:
        started = time.monotonic()
        done = await _seal_once(writer, cells)
        await asyncio.sleep(rest * (time.monotonic() - started))
        total += done
        if len(cells) > 1 or done.readings < SLICE_ROWS:
            return total


async def _seal_once(writer: WriterConnection, cells: Cells) -> Sealed:
    try:
        # What a crash of the machine takes back is hot again, as it was.
        with metrics.SEAL_SECONDS.time():
            async with writer.transaction(durable=False) as connection:
                await sealed.lock(connection, cells)
                folded = await sealed.fold(connection, cells, most=SLICE_ROWS if len(cells) == 1 else 0)
    except (sealed.UnknownQuantity, psycopg.Error) as error:
        if isinstance(error, UNAVAILABLE) and not isinstance(error, psycopg.errors.LockNotAvailable):
            raise
        if len(cells) > 1:
            alone = [await seal_slice(writer, cells.take(slice(place, place + 1))) for place in range(len(cells))]
            return sum(alone, Sealed())
        log.error("hour_not_sealed", error=str(error), server_id=int(cells.server[0]), hour=int(cells.hour[0]))
        metrics.SEAL_FAILURES.inc()
        return Sealed(failed=cells.pairs())
    metrics.SEALED.inc(folded.hot)
    metrics.SEGMENTS.inc(folded.segments)
    return Sealed(folded.hot, folded.segments)


async def _measure_lag(writer: WriterConnection, before: datetime) -> None:
    """How long the oldest reading that is due has been so."""
    async with writer.statement() as connection:
        oldest = await _oldest_due(connection, before)
    metrics.SEAL_LAG.set(0.0 if oldest is None else (before - oldest).total_seconds())


async def _count_due(writer: WriterConnection, before: datetime) -> int:
    async with writer.statement() as connection:
        row = await (await connection.execute(queries.COUNT_DUE, (before,))).fetchone()
    return max(row[0] if row else 0, 1)


async def _oldest_due(connection: Connection, before: datetime) -> datetime | None:
    row = await (await connection.execute(forms(connection).oldest_due, (before,))).fetchone()
    return row[0] if row else None
