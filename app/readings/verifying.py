"""Looking after segments (S8): values are decoded, statistics computed anew, and what drifted is repaired."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import structlog

from app.core import metrics
from app.core.clock import to_microseconds
from app.core.copy import Connection, WriterConnection
from app.core.db import Database
from app.readings import quarters, sealed
from app.readings import segment_queries as queries
from app.readings.cells import Cell, Cells, cells_of
from app.readings.forms import forms
from app.readings.rows import Float, Int
from app.readings.segments import Statistics, decode_timestamps, decode_values, hours_of, start_of, statistics

# Cells of one transaction, which keeps who would write to them waiting: some 20 ms at 1 Hz.
PAGE = 50
# Sums in another order differ in their last digits.
ROUNDING = 1e-9
# Segments of one sample.
SAMPLE = 200
_FIRST_CELL = (-(2**31), -(2**31))

# From the first scrape on, for a counter that appears with its first damage has not grown for Prometheus.
_FOUND = {name: metrics.VERIFIED.labels(name) for name in ("sound", "repaired", "damaged")}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found, in segments; `drift` is the largest relative error of a statistic."""

    segments: int = 0
    readings: int = 0
    repaired: int = 0
    damaged: list[Cell] = field(default_factory=list)
    """Those that cannot be decoded, or whose instants are wrong: nothing here can repair them."""
    drift: float = 0.0

    def __add__(self, other: "Verified") -> "Verified":
        return Verified(
            self.segments + other.segments,
            self.readings + other.readings,
            self.repaired + other.repaired,
            self.damaged + other.damaged,
            max(self.drift, other.drift),
        )


Report = Callable[[Verified, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Segment:
    """A row of `segment`."""

    server_id: int
    hour: int
    count: int
    first_ts: int
    last_ts: int
    timestamps: bytes
    quarters: bytes | None


async def verify_all(writer: WriterConnection, report: Report | None = None) -> Verified:
    """Look at every segment, page by page; `report` gets what was found so far and how many segments there were."""
    async with writer.statement() as connection:
        row = await (await connection.execute(queries.COUNT_SEGMENTS)).fetchone()
    count = row[0] if row else 0
    found, behind = Verified(), _FIRST_CELL
    while True:
        async with writer.transaction() as connection:
            pairs = await (await connection.execute(queries.SELECT_CELLS, (*behind, PAGE))).fetchall()
            if not pairs:
                return found
            found += await _verify(connection, cells_of(pairs))
        behind = pairs[-1]
        if report:
            await report(found, count)


async def verify_sample(database: Database) -> Verified:
    """Look at some segments from a random place of the table, and publish what was found."""
    writer = WriterConnection(database)
    found = Verified()
    try:
        async with writer.statement() as connection:
            row = await (await connection.execute(forms(connection).estimate)).fetchone()
            # Twice as many, for pages are drawn and not rows; all of a small table, or of one that nobody counted yet.
            percent = min(100.0, 200.0 * SAMPLE / max(row[0] if row else 0.0, 1.0))
            cursor = await connection.execute(queries.SELECT_SAMPLE, (percent, SAMPLE))
            cells = cells_of(await cursor.fetchall())
        for start in range(0, len(cells), PAGE):
            async with writer.transaction() as connection:
                found += await _verify(connection, cells.take(slice(start, start + PAGE)))
    finally:
        await writer.close()
    metrics.DRIFT.set(found.drift)
    return found


async def _verify(connection: Connection, cells: Cells) -> Verified:
    """Look at some cells, and repair them, within the caller's transaction."""
    await sealed.lock(connection, cells)
    cursor = connection.cursor(binary=True)
    await cursor.execute(queries.SELECT_SEGMENT_FACTS, cells.arrays())
    segments = [
        _Segment(server_id, hour, count, to_microseconds(first), to_microseconds(last), *encoded)
        for server_id, hour, count, first, last, *encoded in await cursor.fetchall()
    ]
    await cursor.execute(queries.SELECT_COLUMN_FACTS, cells.arrays())
    columns: dict[Cell, dict[int, tuple[Statistics, bytes]]] = {}
    for server_id, hour, quantity_id, *facts, payload in await cursor.fetchall():
        columns.setdefault((server_id, hour), {})[quantity_id] = (Statistics(*facts), payload)
    found = await asyncio.to_thread(
        lambda: [_look(segment, columns.get((segment.server_id, segment.hour), {})) for segment in segments]
    )
    drifted = [(s.server_id, s.hour) for s, drift in zip(segments, found, strict=True) if ROUNDING < drift < math.inf]
    if drifted:
        await _repair(connection, cells_of(drifted))
    for segment, drift in zip(segments, found, strict=True):
        _FOUND["sound" if drift <= ROUNDING else "damaged" if math.isinf(drift) else "repaired"].inc()
        if drift > ROUNDING:
            log.error("segment_drifted", server_id=segment.server_id, hour=segment.hour, drift=drift)
    return _sum(segments, found)


def _sum(segments: list[_Segment], found: list[float]) -> Verified:
    pairs = list(zip(segments, found, strict=True))
    return Verified(
        len(segments),
        sum(segment.count for segment in segments),
        sum(ROUNDING < drift < math.inf for drift in found),
        [(segment.server_id, segment.hour) for segment, drift in pairs if math.isinf(drift)],
        max((drift for drift in found if drift < math.inf), default=0.0),
    )


async def _repair(connection: Connection, cells: Cells) -> None:
    """Write segments anew from what they hold."""
    numbers = await sealed.numbers_of(connection, cells)
    await sealed.write(connection, cells, await sealed.read(connection, cells, numbers), numbers)


def _look(segment: _Segment, columns: dict[int, tuple[Statistics, bytes]]) -> float:
    """The largest relative error of the statistics; infinity for a segment that is damaged."""
    try:
        ts = decode_timestamps(segment.timestamps)
        values = {number: decode_values(payload, len(ts)) for number, (_, payload) in columns.items()}
    # What pcodec, zlib and numpy raise on damaged bytes.
    except Exception:
        return math.inf
    sound = len(ts) > 0 and bool((np.diff(ts) > 0).all()) and bool((hours_of(ts) == segment.hour).all())
    covered = (
        sound and bool(np.any([~np.isnan(column) for column in values.values()], axis=0).all()) if values else False
    )
    if not covered:
        return math.inf
    if (segment.count, segment.first_ts, segment.last_ts) != (len(ts), int(ts[0]), int(ts[-1])):
        return 1.0
    if not _same_quarters(segment, ts, values):
        return 1.0
    return max(_error(columns[number][0], statistics(column[~np.isnan(column)])) for number, column in values.items())


def _same_quarters(segment: _Segment, ts: Int, values: dict[int, Float]) -> bool:
    """Whether the statistics of quarters are true, where there are any that this code knows."""
    true = quarters.encode(start_of(segment.hour), ts, values, dense=1)
    (stored, _), (computed, _) = (quarters.decode([encoded or b""]) for encoded in (segment.quarters, true))
    return not len(stored) or quarters.alike(stored, computed, ROUNDING)


def _error(stored: Statistics, true: Statistics) -> float:
    """How far stored statistics are off, relative to the size of the values; 1 where they must be exact and are not."""
    exact = ("count", "min", "max", "first", "last")
    if any(getattr(stored, name) != getattr(true, name) for name in exact):
        return 1.0
    scale = max(abs(true.min), abs(true.max)) or 1.0
    off = abs(stored.sum - true.sum) / scale / true.count, abs(stored.m2 - true.m2) / scale / scale / true.count
    return 1.0 if any(math.isnan(part) for part in off) else max(off)
