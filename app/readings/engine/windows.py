"""What a function makes of the points in each of many windows, which may overlap.

A window is (end - width, end]: what lies at its beginning belongs to the one before. A point is a reading, or several
that no border of a window parts, which their statistics stand for: a sealed hour, or what lies between two borders.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from app.readings.engine.outline import runs
from app.readings.engine.question import Float, Int

# Points gathered at once: a few columns of 8 MB.
GATHERED = 1_000_000
SECOND = 1_000_000
# Readings that end this many of their average distances before a border are not taken to have gone on up to it.
FAR = 1.1

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "mean": ("count", "sum"),
    "min": ("min",),
    "max": ("max",),
    "sum": ("sum",),
    "count": ("count",),
    "last": ("last",),
    "deviation": ("count", "sum", "m2"),
    "quantile": ("last",),
    "rate": ("last",),
    "increase": ("last",),
    "change": ("last",),
}
"""What each function looks at of a point."""
STATISTICAL = frozenset({"mean", "min", "max", "sum", "count", "last", "deviation"})
"""Functions that the statistics of an hour are enough for."""


@dataclass(frozen=True, slots=True)
class Points:
    """n points of one server, ascending: instants (n,), and by the names of statistics columns (n,)."""

    ts: Int
    columns: Mapping[str, Float]


def cuts_of(ends: Int, width: int) -> Int:
    """The instants (c,), ascending, behind which a window begins or ends."""
    return np.union1d(ends, ends - width)


def of_readings(function: str, ts: Int, values: Float, cuts: Int) -> Points:
    """Readings (n,), n > 0, none of them absent; those that no cut parts are one point, where statistics will do."""
    if function not in STATISTICAL:
        return Points(ts, {"last": values})
    starts = np.unique(np.append(0, np.searchsorted(ts, cuts, "right")))
    starts = starts[starts < len(ts)]
    # Another hour may lie between them, so what comes last is told by the last of them.
    return Points(_last(ts, starts), {name: _REDUCED[name](values, starts) for name in COLUMNS[function]})


def _last(values: Any, starts: Int) -> Any:
    return values[np.append(starts[1:], len(values)) - 1]


def _counts(values: Float, starts: Int) -> Float:
    return np.diff(np.append(starts, len(values))).astype(np.float64)


def _squares(values: Float, starts: Int) -> Float:
    counts = _counts(values, starts)
    away = values - np.repeat(np.add.reduceat(values, starts) / counts, counts.astype(np.int64))
    squares: Float = np.add.reduceat(away * away, starts)
    return squares


_REDUCED: Mapping[str, Callable[[Float, Int], Float]] = {
    "count": _counts,
    "sum": np.add.reduceat,
    "min": np.minimum.reduceat,
    "max": np.maximum.reduceat,
    "last": _last,
    "m2": _squares,
}


def together(parts: list[Points]) -> Points:
    """Points of one server from several places, in order."""
    if len(parts) == 1:
        return parts[0]
    ts = np.concatenate([part.ts for part in parts])
    order = np.argsort(ts, kind="stable")
    names = parts[0].columns
    return Points(ts[order], {name: np.concatenate([part.columns[name] for part in parts])[order] for name in names})


def fold(function: str, parameter: float, points: Points, ends: Int, width: int) -> Float:
    """The function of each of t windows, ends (t,) ascending; NaN where nothing lies or the function says nothing."""
    low = np.searchsorted(points.ts, ends - width, "right")
    high = np.searchsorted(points.ts, ends, "right")
    result = np.full(len(ends), np.nan)
    filled = np.flatnonzero(high > low)
    if function == "last":
        result[filled] = points.columns["last"][high[filled] - 1]
        return result
    for part in _parts((high - low)[filled]):
        which = filled[part]
        gathered = Gathered(points, low[which], high[which], ends[which], width)
        result[which] = _FUNCTIONS[function](gathered, parameter)
    return result


def _parts(sizes: Int) -> Iterator[slice]:
    """Windows that hold some GATHERED points together, at least one."""
    if len(sizes):
        yield from (slice(*run) for run in runs((np.cumsum(sizes) - sizes) // GATHERED))


class Gathered:
    """The points of w windows, each of which holds some, one window behind the other."""

    def __init__(self, points: Points, low: Int, high: Int, ends: Int, width: int) -> None:
        self.points, self.low, self.high, self.ends, self.width = points, low, high, ends, width
        self.sizes = high - low
        self.begins = np.cumsum(self.sizes) - self.sizes

    @cached_property
    def _index(self) -> Int:
        index: Int = np.arange(self.sizes.sum()) + np.repeat(self.low - self.begins, self.sizes)
        return index

    def of(self, name: str) -> Float:
        """A column of all points."""
        column: Float = self.points.columns[name][self._index]
        return column

    def summed(self, values: Float) -> Float:
        """The sum (w,) in each window."""
        sums: Float = np.add.reduceat(values, self.begins)
        return sums

    def spread(self, of_windows: Float) -> Float:
        """What each window (w,) says, for each of its points."""
        return np.repeat(of_windows, self.sizes)


def _mean(of: Gathered, _: float) -> Float:
    return of.summed(of.of("sum")) / of.summed(of.of("count"))


def _min(of: Gathered, _: float) -> Float:
    lowest: Float = np.minimum.reduceat(of.of("min"), of.begins)
    return lowest


def _max(of: Gathered, _: float) -> Float:
    highest: Float = np.maximum.reduceat(of.of("max"), of.begins)
    return highest


def _deviation(of: Gathered, _: float) -> Float:
    """Of the whole, not of a sample; the means are taken away before anything is squared."""
    count, total = of.of("count"), of.of("sum")
    counts = of.summed(count)
    away = total / count - of.spread(of.summed(total) / counts)
    squares: Float = of.summed(of.of("m2")) + of.summed(count * away * away)
    deviation: Float = np.sqrt(squares / counts)
    return deviation


def _quantile(of: Gathered, share: float) -> Float:
    if not 0 <= share <= 1:
        return np.full(len(of.sizes), -np.inf if share < 0 else np.inf)
    values = of.of("last")
    ordered = values[np.lexsort((values, np.repeat(np.arange(len(of.sizes)), of.sizes)))]
    rank = share * (of.sizes - 1)
    lower = np.floor(rank).astype(np.int64)
    upper = np.minimum(lower + 1, of.sizes - 1)
    weight = rank - lower
    quantile: Float = ordered[of.begins + lower] * (1 - weight) + ordered[of.begins + upper] * weight
    return quantile


def _fallen(of: Gathered) -> Float:
    """By how much a counter fell (w,) when it began anew, all times together."""
    values = of.points.columns["last"]
    behind = np.flatnonzero(values[1:] < values[:-1]) + 1
    falls = Points(of.points.ts[behind], {"last": values[behind - 1]})
    # A fall from the reading before the window is none of its own.
    low, high = np.searchsorted(behind, of.low, "right"), np.searchsorted(behind, of.high, "left")
    fallen, some = np.zeros(len(low)), np.flatnonzero(high > low)
    if len(some):
        gathered = Gathered(falls, low[some], high[some], of.ends[some], of.width)
        fallen[some] = gathered.summed(gathered.of("last"))
    return fallen


def _extrapolated(of: Gathered, *, counter: bool) -> Float:
    """The change over the readings, stretched to the borders of the window as Prometheus 3 does it."""
    values, ts = of.points.columns["last"], of.points.ts
    first, begin, end = values[of.low], ts[of.low], ts[of.high - 1]
    change = values[of.high - 1] - first + (_fallen(of) if counter else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sampled = (end - begin) / SECOND
        distance = sampled / (of.sizes - 1)
        before, behind = (begin - of.ends + of.width) / SECOND, (of.ends - end) / SECOND
        before = np.where(before >= FAR * distance, distance / 2, before)
        behind = np.where(behind >= FAR * distance, distance / 2, behind)
        if counter:
            # It cannot have begun below zero.
            since_zero = np.where((change > 0) & (first >= 0), sampled * first / change, before)
            before = np.minimum(before, since_zero)
        stretched = change * ((sampled + before + behind) / sampled)
    return np.where(of.sizes > 1, stretched, np.nan)


def _increase(of: Gathered, _: float) -> Float:
    return _extrapolated(of, counter=True)


def _rate(of: Gathered, _: float) -> Float:
    return _extrapolated(of, counter=True) / (of.width / SECOND)


def _change(of: Gathered, _: float) -> Float:
    return _extrapolated(of, counter=False)


_FUNCTIONS: Mapping[str, Callable[[Gathered, float], Float]] = {
    "mean": _mean,
    "min": _min,
    "max": _max,
    "sum": lambda of, _: of.summed(of.of("sum")),
    "count": lambda of, _: of.summed(of.of("count")),
    "deviation": _deviation,
    "quantile": _quantile,
    "rate": _rate,
    "increase": _increase,
    "change": _change,
}
