"""What lies in windows, as a few loops: slow, plain, and what `engine/sliding` must equal.

A window is (end - width, end]. Extrapolation is Prometheus 3's, as its documentation and source tell it.
"""

import math
import statistics
from collections.abc import Callable
from itertools import pairwise

Points = list[tuple[int, float]]
"""Instants in microseconds, ascending, and values."""
SECOND = 1_000_000


def within(points: Points, end: int, width: int) -> Points:
    return [(ts, value) for ts, value in points if end - width < ts <= end]


def result(function: str, parameter: float, points: Points, end: int, width: int) -> float | None:
    """What the function makes of the window; None for nothing."""
    found = within(points, end, width)
    if not found:
        return None
    values = [value for _, value in found]
    if function in ("rate", "increase", "change"):
        return extrapolated(function, found, end, width)
    simple: dict[str, Callable[[], float]] = {
        "mean": lambda: statistics.fmean(values),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "sum": lambda: math.fsum(values),
        "count": lambda: len(values),
        "last": lambda: values[-1],
        "deviation": lambda: statistics.pstdev(values),
        "quantile": lambda: quantile(sorted(values), parameter),
    }
    return simple[function]()


def quantile(ordered: list[float], share: float) -> float:
    if share < 0 or share > 1:
        return math.copysign(math.inf, share)
    rank = share * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] * (1 - (rank - lower)) + ordered[upper] * (rank - lower)


def extrapolated(function: str, found: Points, end: int, width: int) -> float | None:
    if len(found) < 2:
        return None
    (first_ts, first), (last_ts, last) = found[0], found[-1]
    change = last - first
    if function != "change":
        change += sum(before for (_, before), (_, after) in pairwise(found) if after < before)
    sampled = (last_ts - first_ts) / SECOND
    distance = sampled / (len(found) - 1)
    to_start, to_end = (first_ts - (end - width)) / SECOND, (end - last_ts) / SECOND
    if to_start >= distance * 1.1:
        to_start = distance / 2
    if function != "change" and change > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / change))
    if to_end >= distance * 1.1:
        to_end = distance / 2
    change *= (sampled + to_start + to_end) / sampled
    return change / (width / SECOND) if function == "rate" else change
