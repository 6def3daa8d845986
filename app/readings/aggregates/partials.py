"""Counts, sums, extremes, spread and ends of cells, from readings or from statistics, merged part by part.

Only what the functions are made of is kept: `kept` names among `sum, m2, min, max, first, last`, `sum` always.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

EARLY, LATE = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of n parts, each of at least one reading; `cell` (n,) ascends, each cell once.

    `values` holds what is kept, each (n,). `first_ts` and `last_ts` order the parts of a cell; who knows only the hour
    gives the hour.
    """

    cell: Int
    count: Int
    values: dict[str, Float]
    first_ts: Int
    last_ts: Int


_EMPTY = {"min": np.inf, "max": -np.inf, "first": np.nan, "last": np.nan}


def moved(array: npt.NDArray[Any], groups: int, drop: int, width: int, empty: float) -> npt.NDArray[Any]:
    """Cells (groups x buckets,) without the first `drop` buckets, in cells (groups x width,)."""
    old = array.reshape(groups, -1)[:, drop:]
    new = np.full((groups, width), empty, array.dtype)
    new[:, : old.shape[1]] = old
    return new.reshape(-1)


class Partials:
    """Cells (n,) of one quantity, of which parts are added one after the other.

    `m2` is the sum of squared deviations from the mean; an empty cell has count 0.
    """

    def __init__(self, cells: int, kept: Collection[str]) -> None:
        self.count = np.zeros(cells, np.int64)
        self.values = {name: np.full(cells, _EMPTY.get(name, 0.0)) for name in kept}
        self.first_ts = np.full(cells, EARLY)
        self.last_ts = np.full(cells, LATE)

    def add(self, part: Summary) -> None:
        """Merge a part into its cells; of equal instants the part added earlier is first and the later one last."""
        at, mine, its = part.cell, self.values, part.values
        known = self.count[at]
        count = known + part.count
        if "m2" in mine:
            # Chan, Golub, LeVeque 1979.
            between = np.where(known > 0, its["sum"] / part.count - mine["sum"][at] / np.maximum(known, 1), 0.0)
            mine["m2"][at] += its["m2"] + between * between * (known * part.count / count)
        self.count[at] = count
        mine["sum"][at] += its["sum"]
        if "min" in mine:
            mine["min"][at] = np.minimum(mine["min"][at], its["min"])
        if "max" in mine:
            mine["max"][at] = np.maximum(mine["max"][at], its["max"])
        self._set_ends(part)

    def _set_ends(self, part: Summary) -> None:
        at = part.cell
        if "first" in self.values:
            earlier = part.first_ts < self.first_ts[at]
            self.first_ts[at[earlier]] = part.first_ts[earlier]
            self.values["first"][at[earlier]] = part.values["first"][earlier]
        if "last" in self.values:
            later = part.last_ts >= self.last_ts[at]
            self.last_ts[at[later]] = part.last_ts[later]
            self.values["last"][at[later]] = part.values["last"][later]

    def move(self, groups: int, drop: int, width: int) -> None:
        """Of cells (groups x buckets): leave out the first buckets, make room for new ones up to `width`."""
        self.count = moved(self.count, groups, drop, width, 0)
        self.first_ts = moved(self.first_ts, groups, drop, width, EARLY)
        self.last_ts = moved(self.last_ts, groups, drop, width, LATE)
        for name, array in self.values.items():
            self.values[name] = moved(array, groups, drop, width, _EMPTY.get(name, 0.0))

    def result(self, function: str) -> Float:
        """`mean, min, max, sum, count, stddev, first, last` of every cell; NaN where there is none."""
        counts = self.count.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            if function == "mean":
                return self.values["sum"] / counts
            if function == "stddev":
                return np.where(self.count > 1, np.sqrt(self.values["m2"] / (counts - 1)), np.nan)
        values: Float = np.where(self.count > 0, counts if function == "count" else self.values[function], np.nan)
        return values


def summarize(ts: Int, values: Float, positions: Int, base: int, kept: Collection[str]) -> Summary:
    """Of readings (n,), ts ascending, all values present, by bucket: that of bucket i begin at positions[i], end before
    positions[i + 1], and fall into the cell `base` + i.
    """
    filled = np.flatnonzero(positions[1:] > positions[:-1])
    starts, ends = positions[filled], positions[filled + 1]
    if not len(filled):
        return Summary(filled, filled, {name: np.empty(0) for name in kept}, filled, filled)
    values = values[: positions[-1]]
    count = ends - starts
    found = {"sum": np.add.reduceat(values, starts)}
    if "m2" in kept:
        deviations = values[starts[0] :] - np.repeat(found["sum"] / count, count)
        found["m2"] = np.add.reduceat(deviations * deviations, starts - starts[0])
    if "min" in kept:
        found["min"] = np.minimum.reduceat(values, starts)
    if "max" in kept:
        found["max"] = np.maximum.reduceat(values, starts)
    found |= {name: values[at] for name, at in (("first", starts), ("last", ends - 1)) if name in kept}
    return Summary(filled + base, count, found, ts[starts], ts[ends - 1])


def fold(parts: Summary) -> Summary:
    """Parts in any order, several a cell, as one a cell."""
    parts = _ordered(parts)
    cell = parts.cell
    if not len(cell):
        return parts
    starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    if len(starts) == len(cell):
        return parts
    last = np.append(starts[1:], len(cell)) - 1
    count = np.add.reduceat(parts.count, starts)
    values = {"sum": np.add.reduceat(parts.values["sum"], starts)}
    if "m2" in parts.values:
        off = parts.values["sum"] / parts.count - np.repeat(values["sum"] / count, last - starts + 1)
        values["m2"] = np.add.reduceat(parts.values["m2"] + parts.count * off * off, starts)
    for name, merged in (("min", np.minimum), ("max", np.maximum)):
        if name in parts.values:
            values[name] = merged.reduceat(parts.values[name], starts)
    values |= {name: parts.values[name][at] for name, at in (("first", starts), ("last", last)) if name in parts.values}
    return Summary(cell[starts], count, values, parts.first_ts[starts], parts.last_ts[last])


def _ordered(parts: Summary) -> Summary:
    """By cell and instant; of one server they come so, and sorting would take longer than all the rest."""
    cell, ts = parts.cell, parts.first_ts
    ascends = (cell[1:] > cell[:-1]) | ((cell[1:] == cell[:-1]) & (ts[1:] >= ts[:-1]))
    if ascends.all():
        return parts
    order = np.lexsort((ts, cell))
    values = {name: column[order] for name, column in parts.values.items()}
    return Summary(cell[order], parts.count[order], values, ts[order], parts.last_ts[order])
