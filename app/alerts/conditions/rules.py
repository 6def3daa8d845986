"""A stored rule, made ready for the one function."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.alerts.conditions.levels import Levels
from app.alerts.conditions.schedules import WEEKDAYS, Schedule

SECOND = 1_000_000
PER = {"second": SECOND, "minute": 60 * SECOND, "hour": 3600 * SECOND, "day": 86_400 * SECOND}
Json = Mapping[str, Any]
NO_LEVELS = Levels()


@dataclass(frozen=True, slots=True)
class Simple:
    """One condition; spans are microseconds.

    `wait` is a hold or, of `nodata`, the silence. `gap` is the silence that breaks a hold.
    """

    kind: str
    quantity: str | None
    wait: int
    levels: Levels = NO_LEVELS
    gap: int = 0
    window: int = 0
    per: int = SECOND
    days: int = 0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Rule:
    """Simple conditions, of which all or any must hold, and when that matters."""

    parts: tuple[Simple, ...]
    every: bool = True
    schedule: Schedule | None = None

    @property
    def quantities(self) -> tuple[str, ...]:
        """What it reads."""
        return tuple(dict.fromkeys(part.quantity for part in self.parts if part.quantity))

    @property
    def window(self) -> int:
        """How far before a reading the rule looks, microseconds."""
        return max(part.window for part in self.parts)

    @property
    def by_the_clock(self) -> bool:
        """Whether the passing of time alone can make it fire."""
        return any(part.kind in ("offline", "nodata") for part in self.parts)

    @property
    def follows_presence(self) -> bool:
        return any(part.kind == "offline" for part in self.parts)

    @property
    def days(self) -> dict[str, int]:
        """Of which quantities, for how many past days, hourly values are needed."""
        found: dict[str, int] = {}
        for part in self.parts:
            if part.kind == "deviation" and part.quantity:
                found[part.quantity] = max(part.days, found.get(part.quantity, 0))
        return found

    def shifted(self, by: float) -> "Rule":
        """The rule of one condition with levels moved outwards."""
        return replace(self, parts=tuple(replace(part, levels=part.levels.shifted(by)) for part in self.parts))


def compiled(condition: Json, schedule: Json | None = None) -> Rule:
    """A condition and a schedule as the API takes and the table keeps them."""
    listed: Iterable[Json] = condition["conditions"] if condition["kind"] in ("all", "any") else [condition]
    parts = tuple(_simple(each) for each in listed)
    return Rule(parts, condition["kind"] != "any", None if schedule is None else _schedule(schedule))


def levels(condition: Json) -> Levels:
    """The levels of a condition: exactly one of above, below, outside, inside is given."""
    hysteresis = float(condition["hysteresis"])
    if condition["above"] is not None:
        return Levels(high=float(condition["above"]), hysteresis=hysteresis)
    if condition["below"] is not None:
        return Levels(low=float(condition["below"]), hysteresis=hysteresis)
    within = condition["inside"] is not None
    band = condition["inside"] if within else condition["outside"]
    return Levels(float(band["low"]), float(band["high"]), within, hysteresis)


def with_levels(condition: Json, moved: Levels) -> dict[str, Any]:
    """The condition with other levels of the same form."""
    found = dict(condition)
    if condition["above"] is not None:
        found["above"] = moved.high
    elif condition["below"] is not None:
        found["below"] = moved.low
    else:
        found["inside" if moved.within else "outside"] = {"low": moved.low, "high": moved.high}
    return found


def _simple(condition: Json) -> Simple:
    kind = condition["kind"]
    if kind == "offline":
        return Simple(kind, None, _micros(condition["hold_seconds"]))
    if kind == "nodata":
        return Simple(kind, condition["quantity"], _micros(condition["for_seconds"]))
    return Simple(
        kind,
        condition["quantity"],
        _micros(condition["hold_seconds"]),
        levels(condition),
        _micros(condition["no_data_seconds"]),
        _micros(condition.get("window_seconds", 0)),
        PER[condition.get("per", "second")],
        condition.get("days", 0),
        condition.get("zone", "UTC"),
    )


def _micros(seconds: float) -> int:
    return round(seconds * SECOND)


def _schedule(schedule: Json) -> Schedule:
    days = frozenset(WEEKDAYS.index(day) for day in schedule["weekdays"])
    return Schedule(schedule["zone"], days, _minute(schedule["start"]), _minute(schedule["end"]))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
