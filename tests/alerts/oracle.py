"""What became known of servers, and when a rule fires by it: in the plainest words, a moment at a time."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from app.alerts.conditions import Batch, HourlyValues, Steps

SECOND = 1_000_000
HOUR = 3600 * SECOND
Readings = list[tuple[int, dict[str, float]]]
Found = list[tuple[int, bool]]


@dataclass(frozen=True)
class Known:
    """What became known of one server: readings, when it went offline and came back, and how far time has passed."""

    readings: Readings
    steps: list[tuple[int, bool]]
    until: int


def threshold(**more: Any) -> dict[str, Any]:
    given = {"above": None, "below": None, "outside": None, "inside": None, "hysteresis": 0, "hold_seconds": 0}
    return {"kind": "threshold", "quantity": "t", "no_data_seconds": 3600, **given, **more}


def each_second(*values: float) -> Readings:
    return [(number * SECOND, {"t": value}) for number, value in enumerate(values)]


def batch(
    parts: list[Known], hourly: dict[str, HourlyValues] | None = None, names: Iterable[str] = ("t", "h")
) -> Batch:
    """What became known of several servers, side by side."""
    rows = [(place, at, values) for place, part in enumerate(parts) for at, values in part.readings]
    steps = [(place, at, offline) for place, part in enumerate(parts) for at, offline in part.steps]
    return Batch(
        np.array([place for place, _, _ in rows], np.int64),
        np.array([at for _, at, _ in rows], np.int64),
        {name: np.array([values.get(name, math.nan) for _, _, values in rows], np.float64) for name in names},
        np.array([part.until for part in parts], np.int64),
        Steps(
            *(np.array(column, kind) for column, kind in zip(_columns(steps), (np.int64, np.int64, bool), strict=True))
        ),
        hourly=hourly or {},
    )


def _columns(steps: list[tuple[int, int, bool]]) -> list[list[Any]]:
    return [[step[place] for step in steps] for place in range(3)]


def beyond(levels: dict[str, Any], value: float) -> int:
    margin = levels["hysteresis"]
    if (band := levels["outside"]) is not None:
        low, high = band["low"], band["high"]
        return 1 if value < low or value > high else -1 if low + margin <= value <= high - margin else 0
    if (band := levels["inside"]) is not None:
        low, high = band["low"], band["high"]
        return 1 if low <= value <= high else -1 if value < low - margin or value > high + margin else 0
    if levels["above"] is not None:
        return 1 if value > levels["above"] else -1 if value <= levels["above"] - margin else 0
    return 1 if value < levels["below"] else -1 if value >= levels["below"] + margin else 0


def held(condition: dict[str, Any], judged: list[tuple[int, float]]) -> Found:
    found: Found = []
    firing, since, last = False, None, None
    for at, value in judged:
        side = beyond(condition, value)
        if last is not None and at - last > condition["no_data_seconds"] * SECOND:
            since = None
        last = at
        if firing:
            if side < 0:
                firing, since = False, None
                found.append((at, False))
        elif side <= 0:
            since = None
        else:
            since = at if since is None else since
            if at - since >= condition["hold_seconds"] * SECOND:
                firing = True
                found.append((at, True))
    return found


def rates_of(condition: dict[str, Any], readings: list[tuple[int, float]]) -> list[tuple[int, float]]:
    window = round(condition["window_seconds"] * SECOND)
    part = window // 60
    kept: dict[int, tuple[int, float]] = {}
    found = []
    for at, value in readings:
        kept.setdefault(at // part, (at, value))
        then, before = next(each for each in kept.values() if each[0] >= at - window)
        if at - then >= window / 2:
            found.append((at, (value - before) / (at - then) * SECOND))
    return found


def scores_of(condition: dict[str, Any], readings: list[tuple[int, float]]) -> list[tuple[int, float]]:
    found = []
    hours: dict[int, list[float]] = {}
    for at, value in readings:
        hours.setdefault(at // HOUR, []).append(value)
    for at, value in readings:
        past = [
            hours[at // HOUR - 24 * day] for day in range(1, condition["days"] + 1) if at // HOUR - 24 * day in hours
        ]
        if len(past) < max(3, (condition["days"] + 1) // 2):
            continue
        means = [sum(of) / len(of) for of in past]
        middle = median(means)
        within = median(sum((each - sum(of) / len(of)) ** 2 for each in of) / len(of) for of in past)
        spread = math.sqrt((1.4826 * median(abs(mean - middle) for mean in means)) ** 2 + within)
        away = value - middle
        found.append((at, 0.0 if away == 0 else math.copysign(math.inf, away) if spread == 0 else away / spread))
    return found


def silences(marks: list[tuple[int, bool]], wait: int, until: int) -> Found:
    found: Found = []
    firing, since = False, None
    for at, runs in [*marks, (until, None)]:
        if not firing and since is not None and at - since > wait:
            found.append((since + wait, True))
            firing = True
        if runs is not None:
            if firing:
                found.append((at, False))
            firing, since = False, at if runs else None
    return found


def simple(condition: dict[str, Any], known: Known) -> Found:
    if condition["kind"] == "offline":
        return silences(known.steps, round(condition["hold_seconds"] * SECOND), known.until)
    readings = [(at, values[condition["quantity"]]) for at, values in known.readings if condition["quantity"] in values]
    if condition["kind"] == "nodata":
        return silences([(at, True) for at, _ in readings], round(condition["for_seconds"] * SECOND), known.until)
    judged: dict[str, Callable[..., list[tuple[int, float]]]] = {"rate": rates_of, "deviation": scores_of}
    return held(condition, judged.get(condition["kind"], lambda _, same: same)(condition, readings))


def oracle(condition: dict[str, Any], known: Known) -> Found:
    if condition["kind"] not in ("all", "any"):
        return simple(condition, known)
    parts = [simple(part, known) for part in condition["conditions"]]
    found: Found = []
    on = False
    for moment in sorted({at for part in parts for at, _ in part}):
        states = [next((turn for at, turn in reversed(part) if at <= moment), False) for part in parts]
        now = all(states) if condition["kind"] == "all" else any(states)
        if now != on:
            on = now
            found.append((moment, on))
    return found
