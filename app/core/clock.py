"""Time: always aware, always UTC."""

import os
import re
import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# ISO 8601 with a date, a `T` (or blank) and a time; fraction up to microseconds; offset optional.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?(?P<zone>[Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII)


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


def parse_instant(text: object) -> datetime:
    """An instant from ISO 8601 text; without an offset it is UTC.

    Raises: ValueError for numbers, dates without a time, other text, and instants outside the years 1 to 9999.
    """
    if not isinstance(text, str) or not (match := _INSTANT.fullmatch(text)):
        raise ValueError("an instant is ISO 8601 text such as 2026-01-31T12:00:00Z")
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if match["zone"] else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("no such instant in the calendar") from None


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The instant so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def format_instant(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`; the fraction only where there is one."""
    return moment.astimezone(UTC).isoformat()[:-6] + "Z"


def format_microseconds(microseconds: int) -> str:
    """The instant so many microseconds after 1970, likewise."""
    return from_microseconds(microseconds).isoformat()[:-6] + "Z"


class ArrivalClock:
    """Instants for readings that carry none, each given once.

    Two readings of one server at one instant would be merged into one. So a process never repeats itself, and the
    last digit of the microseconds is its own (its pid's), which keeps apart processes that stamp at the same moment.
    """

    def __init__(self) -> None:
        self._digit = os.getpid() % 10
        self._last = 0

    def next(self) -> int:
        """The next free instant, microseconds since 1970; at most 10 µs from now unless more than 100,000 a second
        are asked for.
        """
        self._last = max(time.time_ns() // 10_000, self._last + 1)
        return self._last * 10 + self._digit
