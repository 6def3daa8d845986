"""The plan of an answer: which hours there are, in which windows they are read, and in which blocks a window.

Windows follow one another in time and bound what is computed at once; blocks bound what is decoded at once (R2).
Nothing here reads a payload.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np

from app.core.copy import Connection
from app.readings import reads
from app.readings.engine import fetching
from app.readings.engine.fetching import Hours
from app.readings.engine.question import Int, Question
from app.readings.segments import HOUR

# Rows decoded at once: some 8 MB for each of a few columns, and 10 ms of a thread.
BLOCK_READINGS = 250_000
# Hours of servers planned at once, some 50 bytes each.
WINDOW_HOURS = 100_000
# A span of the overview: a month, so that a century is some thousand.
SPAN_HOURS = 744
# PostgreSQL's int; hours of any instant that is stored lie far inside.
_MIN_HOUR, _MAX_HOUR = -(2**31), 2**31 - 1


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to read: spans of SPAN_HOURS that have readings, ascending, and totals.

    `low` and `high` are the first and the last instant within the range, None where there is nothing.
    """

    spans: Int
    segments: int
    sealed: int
    hot_hours: int
    hot: int
    low: int | None
    high: int | None
    known: Hours | None = None
    """The hours themselves, where the range is narrow."""

    @property
    def readings(self) -> int:
        return self.sealed + self.hot

    @property
    def hours(self) -> int:
        """Hours between the first and the last reading."""
        return 0 if self.low is None or self.high is None else self.high // HOUR - self.low // HOUR + 1


def range_of_hours(start: int, end: int) -> tuple[int, int]:
    """The first and the last hour that [start, end) touches."""
    return max(start // HOUR, _MIN_HOUR), min((end - 1) // HOUR, _MAX_HOUR)


async def overview(connection: Connection, question: Question) -> Overview:
    """Count what the question's range holds, from indexes and statistics alone."""
    first, last = range_of_hours(question.start, question.end)
    if (last - first + 1) * len(question.servers) <= WINDOW_HOURS:
        return _of_hours(await hours(connection, question, question.start, question.end), question)
    wanted = {"servers": question.servers.tolist(), "first": first, "last": last, "span": SPAN_HOURS}
    sealed = await fetching.arrays(connection, reads.SEALED_SPANS, wanted)
    hot = await _hot_hours(connection, question, question.start, question.end)
    none = np.empty(0, np.int64)
    spans, segments, readings, _, _, low, high = sealed or (none,) * 7
    server, hour, _, count, low_hot, high_hot = hot or (none,) * 6
    lows, highs = np.concatenate([low, low_hot]), np.concatenate([high, high_hot])
    return Overview(
        np.unique(np.concatenate([spans, hour // SPAN_HOURS])),
        int(segments.sum()),
        int(readings.sum()),
        len(server),
        int(count.sum()),
        max(int(lows.min()), question.start) if len(lows) else None,
        min(int(highs.max()), question.end - 1) if len(highs) else None,
    )


def _of_hours(found: Hours, question: Question) -> Overview:
    return Overview(
        np.unique(found.hour // SPAN_HOURS),
        int(np.count_nonzero(found.sealed)),
        int(found.sealed.sum()),
        int(np.count_nonzero(found.hot)),
        int(found.hot.sum()),
        max(int(found.low.min()), question.start) if len(found) else None,
        min(int(found.high.max()), question.end - 1) if len(found) else None,
        found,
    )


async def hours(connection: Connection, question: Question, start: int, end: int) -> Hours:
    """Every hour of a server that has readings in [start, end)."""
    first, last = range_of_hours(start, end)
    wanted = {"servers": question.servers.tolist(), "first": first, "last": last}
    sealed = await fetching.arrays(connection, reads.SEALED_HOURS, wanted)
    hot = await _hot_hours(connection, question, start, end)
    none = np.empty(0, np.int64)
    server, hour, count, low, high = sealed or (none,) * 5
    parts = Hours(server, hour, count, np.zeros_like(count), low, high)
    if hot is None:
        return parts
    return _merged(parts, Hours(hot[0], hot[1], hot[2], *hot[3:]))


async def _hot_hours(connection: Connection, question: Question, start: int, end: int) -> tuple[Int, ...] | None:
    """Server, hour, 0, count, first and last instant of hours that have hot rows in [start, end)."""
    low, high = fetching.instants(np.array([start, end]))
    wanted = {"servers": question.servers.tolist(), "low": low, "high": high}
    found = await fetching.arrays(connection, reads.HOT_HOURS, wanted)
    if found is None:
        return None
    server, begin, count, first, last = found
    return server, begin // HOUR, np.zeros_like(count), count, first, last


def _merged(sealed: Hours, hot: Hours) -> Hours:
    both = [np.concatenate([getattr(sealed, name), getattr(hot, name)]) for name in Hours.__slots__]
    order = np.lexsort((both[1], both[0]))
    server, hour, sealed_count, hot_count, low, high = (column[order] for column in both)
    if not len(server):
        return sealed
    starts = np.flatnonzero(np.append(True, (server[1:] != server[:-1]) | (hour[1:] != hour[:-1])))
    return Hours(
        server[starts],
        hour[starts],
        np.add.reduceat(sealed_count, starts),
        np.add.reduceat(hot_count, starts),
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
    )


def blocks(wanted: Hours, limit: int = BLOCK_READINGS) -> Iterator[Hours]:
    """Hours in their order, so many at a time that they hold some `limit` readings, at least one."""
    if not len(wanted):
        return
    number = (np.cumsum(wanted.readings) - wanted.readings) // limit
    for begin, end in _runs(number):
        yield wanted.take(slice(begin, end))


def _runs(number: Int) -> Iterator[tuple[int, int]]:
    starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    ends = np.append(starts[1:], len(number))
    return zip(starts.tolist(), ends.tolist(), strict=True)


async def windows(
    connection: Connection, question: Question, seen: Overview, width: int, *, descending: bool = False
) -> AsyncIterator[tuple[int, int, Hours]]:
    """Parts of the range that have readings, one behind or before the other: begin, end, and their hours.

    `width` is how many hours each may span.
    """
    width = max(1, min(width, WINDOW_HOURS // max(1, len(question.servers))))
    for low, high in _parts(question, seen, width, descending):
        known = seen.known
        if known is None:
            found = await hours(connection, question, low, high)
        else:
            found = known.take((known.hour >= low // HOUR) & (known.hour <= (high - 1) // HOUR))
        if len(found):
            yield low, high, found


def _parts(question: Question, seen: Overview, width: int, descending: bool) -> Iterator[tuple[int, int]]:
    if seen.low is None or seen.high is None:
        return
    for first, last in _hours_of_parts(seen, width, descending):
        low, high = max(first * HOUR, question.start, seen.low), min(last * HOUR, question.end, seen.high + 1)
        if low < high:
            yield low, high


def _hours_of_parts(seen: Overview, width: int, descending: bool) -> Iterator[tuple[int, int]]:
    """Half-open ranges of hours: several spans where they may be so wide, else parts of one."""
    group = seen.spans // max(1, width // SPAN_HOURS)
    runs = list(_runs(group)) if len(group) else []
    for begin, end in reversed(runs) if descending else runs:
        first, last = int(seen.spans[begin]) * SPAN_HOURS, (int(seen.spans[end - 1]) + 1) * SPAN_HOURS
        if width >= SPAN_HOURS:
            yield first, last
            continue
        begins = range(first, last, width)
        for part in reversed(begins) if descending else begins:
            yield part, min(part + width, last)
