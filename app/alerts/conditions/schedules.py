"""Schedules: the hours of the week in which a rule matters, on the clock of a place."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.core import zones
from app.core.clock import from_microseconds, to_microseconds

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_DAY = 1440


@dataclass(frozen=True, slots=True)
class Schedule:
    """From minute `start` of each of these weekdays (0: Monday) until minute `end`, of the next day when that is not
    later. Where the clock is set an edge falls on the instant at which the clock shows it, or would have.
    """

    zone: str
    weekdays: frozenset[int]
    start: int
    end: int

    def edges(self, after: int, until: int) -> list[tuple[int, bool]]:
        """The instants in (after, until] at which it begins (True) and ends, microseconds, ascending."""
        found = []
        for begin, end in self._windows(after, until):
            found += [(at, on) for at, on in ((begin, True), (end, False)) if after < at <= until]
        return found

    def holds(self, at: int) -> bool:
        """Whether it matters at this instant."""
        return any(begin <= at < end for begin, end in self._windows(at, at))

    def next_begin(self, at: int) -> int | None:
        """When it begins next after this instant, which lies outside of it."""
        week = 8 * 86_400_000_000
        return next((edge for edge, on in self.edges(at, at + week) if on), None)

    def _windows(self, low: int, high: int) -> list[tuple[int, int]]:
        """Its windows that may touch [low, high], those that meet as one."""
        day = self._day(low) - timedelta(days=2)
        last = self._day(high) + timedelta(days=2)
        joined: list[tuple[int, int]] = []
        while day <= last:
            if day.weekday() in self.weekdays:
                begin, end = self._window(day)
                if joined and begin <= joined[-1][1]:
                    joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
                elif begin < end:
                    joined.append((begin, end))
            day += timedelta(days=1)
        # The outermost may go on beyond what was looked at.
        return joined

    def _window(self, day: date) -> tuple[int, int]:
        return self._instant(day, self.start), self._instant(day, self.end + MINUTES_OF_DAY * (self.end <= self.start))

    def _instant(self, day: date, minute: int) -> int:
        days, rest = divmod(minute, MINUTES_OF_DAY)
        local = datetime(day.year, day.month, day.day, rest // 60, rest % 60) + timedelta(days=days)  # noqa: DTZ001
        return to_microseconds(local.replace(tzinfo=zones.load(self.zone)).astimezone(UTC))

    def _day(self, at: int) -> date:
        return from_microseconds(at).astimezone(zones.load(self.zone)).date()
