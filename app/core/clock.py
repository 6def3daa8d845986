"""Time: always aware, always UTC."""

import os
import re
import time
from datetime import UTC, datetime

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


def format_instant(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`; the fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class ArrivalClock:
    """Instants for readings that carry none, each given once.

    Two readings of one server at one instant would be merged into one. So a process never repeats itself, and the
    last digit of the microseconds is its own (its pid's), which keeps apart processes that stamp at the same moment.
    """

    def __init__(self) -> None:
        self._digit = os.getpid() % 10
        self._last = 0

    def next(self) -> datetime:
        """The next free instant, at most 10 µs from now unless more than 100,000 a second are asked for."""
        tens = max(time.time_ns() // 10_000, self._last + 1)
        self._last = tens
        seconds, rest = divmod(tens * 10 + self._digit, 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
