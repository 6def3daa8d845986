"""Calendar intervals in any time zone: where one bucket ends and the next begins.

Instants are microseconds since 1970, UTC, as int64. Buckets are half-open and cover all of time. Up to an hour they
follow the local clock, begin anew where it is set, and are never longer than they are called. Beyond that they are
calendar units: a day begins at the first instant at which the local clock shows its midnight or later, so days have 23,
24 or 25 hours, a quarter of a day (`6h`) may have five or seven, and a day that a zone left out has no bucket.
Weeks begin on Monday.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.core import zones
from app.core.clock import to_microseconds

Int = npt.NDArray[np.int64]

Interval = Literal[
    "10s", "1m", "minute", "5m", "15m", "1h", "hour", "6h", "1d", "day", "1w", "1mo", "1y"
]  # fmt: skip

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
_CLOCK = {"10s": 10 * SECOND, "1m": MINUTE, "minute": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE}
_CLOCK |= {"1h": HOUR, "hour": HOUR}
_CALENDAR = {"6h": 6 * HOUR, "1d": DAY, "day": DAY, "1w": 7 * DAY}
# The longest of each.
_MONTHS = {"1mo": ("M", 31 * DAY), "1y": ("Y", 366 * DAY)}
# Monday, 5 January 1970.
_MONDAY = 4 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Python's calendar ends here; a day of room on both sides for the offsets of zones.
_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


def longest(interval: str) -> int:
    """Microseconds of the longest bucket of this interval, when no clock is set in it."""
    lengths = _CLOCK | _CALENDAR | {name: length for name, (_, length) in _MONTHS.items()}
    return lengths[interval]


def edges(interval: str, zone: str, start: int, end: int) -> Int:
    """Where buckets begin, ascending: the first is the last edge not after `start`, the last the first not before
    `end`, which lies after `start`. Bucket i is [edges[i], edges[i + 1]).
    """
    found = _clock_edges if interval in _CLOCK else _calendar_edges
    every = found(interval, zone, start, end)
    first = int(np.searchsorted(every, start, "right")) - 1
    last = int(np.searchsorted(every, end, "left"))
    return every[first : last + 1]


def _clock_edges(interval: str, zone: str, start: int, end: int) -> Int:
    unit = _CLOCK[interval]
    parts = []
    for begin, stop, offset, is_set in _stretches(zone, start - unit, end + unit):
        first = -(-(begin + offset) // unit) * unit - offset
        if is_set and first > begin:
            parts.append(np.array([begin]))
        parts.append(np.arange(first, stop, unit, dtype=np.int64))
    return np.concatenate(parts)


def _calendar_edges(interval: str, zone: str, start: int, end: int) -> Int:
    room = 2 * longest(interval) + 2 * DAY
    stretches = list(_stretches(zone, start - room, end + room))
    offsets = [offset for _, _, offset, _ in stretches]
    boundaries = _boundaries(interval, start + min(offsets), end + max(offsets))
    instants = np.full(len(boundaries), np.iinfo(np.int64).max)
    # From the last stretch to the first, so that of two midnights the first one stays.
    for begin, stop, offset, _ in reversed(stretches):
        instants = np.where(boundaries < stop + offset, np.maximum(begin, boundaries - offset), instants)
    return np.unique(instants)


def _boundaries(interval: str, start: int, end: int) -> Int:
    """Beginnings of calendar units on the local clock, from before `start` to after `end` of that clock."""
    if interval in _MONTHS:
        kind = f"datetime64[{_MONTHS[interval][0]}]"
        first = np.datetime64(start, "us").astype(kind) - 1
        last = np.datetime64(end, "us").astype(kind) + 3
        months: Int = np.arange(first, last).astype("datetime64[us]").astype(np.int64)
        return months
    unit, origin = _CALENDAR[interval], _MONDAY if interval == "1w" else 0
    first_unit = ((start - origin) // unit - 1) * unit + origin
    return np.arange(first_unit, end + 3 * unit, unit, dtype=np.int64)


def _stretches(zone: str, start: int, end: int) -> Iterator[tuple[int, int, int, bool]]:
    """Times with one offset from UTC, within [start, end): begin, end, offset, whether the clock was set at begin."""
    begin, offset, is_set = start, _offset(zone, start), False
    for year in range(_moment(start).year, _moment(end).year + 1):
        for instant, after in _changes(zone, year):
            if start < instant < end:
                yield begin, instant, offset, is_set
                begin, offset, is_set = instant, after, True
    yield begin, end, offset, is_set


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """When the clock is set in this year (UTC), and the offset from then on. A day has at most one such instant."""
    first = to_microseconds(datetime(year, 1, 1, tzinfo=UTC))
    days = 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365
    found = []
    before = _offset(zone, first)
    for day in range(first, first + days * DAY, DAY):
        after = _offset(zone, day + DAY)
        if after != before:
            found.append((_instant_of_change(zone, day, day + DAY, before), after))
        before = after
    return tuple(found)


def _instant_of_change(zone: str, low: int, high: int, before: int) -> int:
    while high - low > SECOND:
        middle = (low + high) // 2 // SECOND * SECOND
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: str, instant: int) -> int:
    """Local clock minus UTC, microseconds."""
    local = _moment(instant).astimezone(zones.load(zone))
    return (local.utcoffset() or timedelta()) // timedelta(microseconds=1)


def _moment(instant: int) -> datetime:
    first, last = to_microseconds(_FIRST), to_microseconds(_LAST)
    return _EPOCH + timedelta(microseconds=min(max(instant, first), last))
