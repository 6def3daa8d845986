"""The plan of an answer: which hours there are, in which windows they are read, and in which blocks a window.

Windows follow one another in time and bound what is computed at once; blocks bound what is decoded at once (R2).
Nothing here reads a payload.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import numpy as np

from app.core.copy import Connection
from app.readings import reads
from app.readings.engine import fetching
from app.readings.engine.fetching import Hours, key_of
from app.readings.engine.question import MAX_TS, Int, Question
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
    wanted = _bounds(question, question.start, question.end) | {"span": SPAN_HOURS}
    none = np.empty(0, np.int64)
    found = await fetching.columns(connection, reads.SPANS, wanted) or (none,) * 7
    spans, segments, sealed, hot_hours, hot, low, high = found
    return Overview(
        spans=np.unique(spans),
        segments=int(segments.sum()),
        sealed=int(sealed.sum()),
        hot_hours=int(hot_hours.sum()),
        hot=int(hot.sum()),
        low=max(int(low.min()), question.start) if len(spans) else None,
        high=min(int(high.max()), question.end - 1) if len(spans) else None,
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
    found = await fetching.hours(connection, _bounds(question, start, end))
    return Hours(*(np.empty(0, np.int64),) * 6) if found is None else _merged(found)


def _bounds(question: Question, start: int, end: int) -> reads.Parameters:
    first, last = range_of_hours(start, end)
    low, high = fetching.instants(np.array([start, end]))
    return {"servers": question.servers.tolist(), "first": first, "last": last, "low": low, "high": high}


def _merged(found: Hours) -> Hours:
    """In order of server and hour, each once."""
    key = key_of(found.server, found.hour)
    if (key[1:] > key[:-1]).all():
        return found
    order = np.argsort(key, kind="stable")
    key, found = key[order], found.take(order)
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return Hours(
        found.server[starts],
        found.hour[starts],
        np.add.reduceat(found.sealed, starts),
        np.add.reduceat(found.hot, starts),
        np.minimum.reduceat(found.low, starts),
        np.maximum.reduceat(found.high, starts),
    )


def blocks(wanted: Hours, limit: int = BLOCK_READINGS) -> Iterator[Hours]:
    """Hours in their order, so many at a time that they hold some `limit` readings, at least one."""
    if not len(wanted):
        return
    number = (np.cumsum(wanted.readings) - wanted.readings) // limit
    for begin, end in runs(number):
        yield wanted.take(slice(begin, end))


def runs(number: Int) -> Iterator[tuple[int, int]]:
    """Where each run of one number (n,) begins and ends; n > 0."""
    starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    ends = np.append(starts[1:], len(number))
    return zip(starts.tolist(), ends.tolist(), strict=True)


async def windows(
    connection: Connection,
    question: Question,
    seen: Overview,
    width: int,
    *,
    descending: bool = False,
    beginning: Callable[[int], int] = int,
) -> AsyncIterator[tuple[int, int, Hours]]:
    """Parts of the range that have readings, one behind or before the other: begin, end, and their hours.

    `width` is how many hours each may span. Of descending ones each begins where `beginning` says that what holds its
    first instant does.
    """
    width = max(1, min(width, WINDOW_HOURS // max(1, len(question.servers))))
    taken = MAX_TS
    for low, high in _parts(question, seen, width, descending):
        if descending:
            low, high = max(beginning(low), question.start), min(high, taken)
            taken = min(low, taken)
        if low >= high:
            continue
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
    found = list(runs(group)) if len(group) else []
    for begin, end in reversed(found) if descending else found:
        first, last = int(seen.spans[begin]) * SPAN_HOURS, (int(seen.spans[end - 1]) + 1) * SPAN_HOURS
        if width >= SPAN_HOURS:
            yield first, last
            continue
        begins = range(first, last, width)
        for part in reversed(begins) if descending else begins:
            yield part, min(part + width, last)
