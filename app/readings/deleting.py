"""Deleting readings of a server between two instants, hot and sealed alike, slice by slice."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.clock import format_microseconds, to_microseconds
from app.core.copy import Connection, WriterConnection
from app.core.db import ReadSession
from app.readings import hot, sealed
from app.readings import segment_queries as queries
from app.readings.cells import Cell, Cells, cells_of
from app.readings.quantities import NAMES
from app.readings.rows import Int, Rows
from app.readings.segments import HOUR, decode_timestamps, start_of

# Hours of one transaction: whole ones go without being read, the two at the ends are rewritten.
SLICE_HOURS = 64
# Hours that begin in the years 1 to 9999.
_FIRST_HOUR, _END_HOUR = -17_259_888, 70_389_528

Report = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `start` to before `end`, microseconds since 1970; by default of all time."""

    start: int = _FIRST_HOUR * HOUR
    end: int = _END_HOUR * HOUR

    def within(self, other: "Span") -> "Span":
        """What both have."""
        return Span(max(self.start, other.start), min(self.end, other.end))

    def covers(self, hour: int) -> bool:
        """Whether all of an hour lies in it."""
        return self.start <= start_of(hour) and start_of(hour + 1) <= self.end


async def delete_readings(
    writer: WriterConnection, server_id: int, span: Span, quantity: str | None = None, report: Report | None = None
) -> int:
    """Delete a server's readings in a span, or one quantity of them; returns how many readings were deleted or lost it.

    One transaction a slice of hours, each raising the server's history version; `report` gets what is deleted so
    far. To be repeated after an interruption: what is gone stays gone. What arrives meanwhile may stay.
    """
    deleted = 0
    begin, end = _hours(span)
    while True:
        async with writer.transaction() as connection:
            parameters = {"server": server_id, "first": begin, "end": end, "limit": SLICE_HOURS}
            found = await (await connection.execute(queries.SELECT_HOURS, parameters)).fetchall()
            if not found:
                return deleted
            cells = cells_of([(server_id, hour) for (hour,) in found])
            deleted += await _delete_slice(connection, cells, span, quantity)
        begin = found[-1][0] + 1
        if report:
            await report(deleted)


async def is_small(session: ReadSession, server_id: int, span: Span) -> bool:
    """Whether one slice holds all of a server's readings in a span."""
    hours = {"server": server_id, "first": _hours(span)[0], "end": _hours(span)[1], "limit": SLICE_HOURS + 1}
    found = await (await session.connection()).exec_driver_sql(queries.SELECT_HOURS, hours)
    return len(found.all()) <= SLICE_HOURS


def _hours(span: Span) -> tuple[int, int]:
    """The first hour of a span, and the one behind its last."""
    return max(span.start // HOUR, _FIRST_HOUR), min(-(-span.end // HOUR), _END_HOUR)


async def _delete_slice(connection: Connection, cells: Cells, span: Span, quantity: str | None) -> int:
    hours = Span(start_of(int(cells.hour[0])), start_of(int(cells.hour[-1]) + 1))
    part = span.within(hours)
    await sealed.lock(connection, cells)
    hot_ts = await _delete_hot(connection, int(cells.server[0]), part, quantity)
    gone = await _delete_sealed(connection, cells, part, quantity, hot_ts)
    if gone:
        await hot.raise_history_versions(connection, [int(cells.server[0])])
    return gone


async def _delete_hot(connection: Connection, server_id: int, part: Span, quantity: str | None) -> Int:
    """Delete hot rows, or a quantity of them; the instants that were touched."""
    parameters = {
        "server": server_id,
        "start": format_microseconds(part.start),
        "last": format_microseconds(part.end - 1),
        "name": quantity,
    }
    if quantity is None:
        cursor = await connection.execute(queries.DELETE_HOT, parameters)
        return _instants(await cursor.fetchall())
    clear = queries.clear_hot(quantity) if quantity in NAMES else queries.CLEAR_EXTRA
    cursor = await connection.execute(clear, parameters)
    touched = _instants(await cursor.fetchall())
    await connection.execute(queries.DELETE_EMPTY, parameters)
    return touched


async def _delete_sealed(connection: Connection, cells: Cells, part: Span, quantity: str | None, hot_ts: Int) -> int:
    """Delete from segments; how many readings are gone, those included that were hot."""
    covered = np.array([quantity is None and part.covers(hour) for hour in cells.hour.tolist()], np.bool_)
    whole, rest = cells.take(covered), cells.take(~covered)
    numbers = await sealed.numbers_of(connection, rest)
    stored = await sealed.read(connection, rest, numbers)
    left, instants = _without(stored, part, quantity)
    touched = [cell for cell in stored if cell not in left or left[cell] is not stored[cell]]
    count = await _count_whole(connection, whole, hot_ts)
    await sealed.write(
        connection, cells_of([*whole.pairs(), *touched]), {c: left[c] for c in touched if c in left}, numbers
    )
    in_rest = hot_ts[np.isin(hot_ts // HOUR, rest.hour)]
    return count + len(np.union1d(np.concatenate(instants), in_rest))


async def _count_whole(connection: Connection, cells: Cells, hot_ts: Int) -> int:
    """The readings of hours that go as a whole: those of a segment are counted without being read, unless the hour has
    hot rows, too, that may be of the same instants.
    """
    late = np.isin(cells.hour, hot_ts // HOUR)
    counts = await (await connection.execute(queries.SELECT_COUNTS, cells.take(~late).arrays())).fetchall()
    encoded = await sealed.read_timestamps(connection, cells.take(late))
    instants = [decode_timestamps(timestamps) for timestamps in encoded.values()]
    hot_here = hot_ts[np.isin(hot_ts // HOUR, cells.hour)]
    unread: int = sum(count for _, count in counts)
    return unread + len(np.unique(np.concatenate([hot_here, *instants])))


def _without(stored: Mapping[Cell, Rows], part: Span, quantity: str | None) -> tuple[dict[Cell, Rows], list[Int]]:
    """The cells that keep readings (an untouched one as it is), and the instants that are touched."""
    left: dict[Cell, Rows] = {}
    instants = [np.empty(0, np.int64)]
    for cell, rows in stored.items():
        column = None if quantity is None else rows.values.get(quantity)
        doomed = (rows.ts >= part.start) & (rows.ts < part.end)
        if quantity is not None:
            doomed &= ~np.isnan(column) if column is not None else False
        if not doomed.any():
            left[cell] = rows
            continue
        instants.append(rows.ts[doomed])
        kept = rows.take(~doomed) if quantity is None else _cleared(rows, quantity, doomed)
        if len(kept):
            left[cell] = kept
    return left, instants


def _cleared(rows: Rows, quantity: str, doomed: npt.NDArray[np.bool_]) -> Rows:
    """Without a quantity in some rows; a row without a value is no reading."""
    values = rows.values | {quantity: np.where(doomed, np.nan, rows.values[quantity])}
    empty = np.all([np.isnan(column) for column in values.values()], axis=0)
    return Rows(rows.server, rows.ts, values).take(~empty)


def _instants(found: Iterable[tuple[object, ...]]) -> Int:
    return np.array([to_microseconds(ts) for (ts,) in found], np.int64)  # type: ignore[arg-type]
