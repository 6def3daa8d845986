"""Counts, sums, extremes, spread and ends of cells, from readings or from statistics, merged part by part."""

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

    `first_ts` and `last_ts` order the parts of a cell; who knows only the hour gives the hour.
    """

    cell: Int
    count: Int
    sum: Float
    m2: Float
    min: Float
    max: Float
    first_ts: Int
    first: Float
    last_ts: Int
    last: Float


_EMPTY = {"min": np.inf, "max": -np.inf, "first_ts": EARLY, "first": np.nan, "last_ts": LATE, "last": np.nan}


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

    def __init__(self, cells: int) -> None:
        self.count = np.zeros(cells, np.int64)
        self.sum = np.zeros(cells)
        self.m2 = np.zeros(cells)
        self.min = np.full(cells, np.inf)
        self.max = np.full(cells, -np.inf)
        self.first_ts = np.full(cells, EARLY)
        self.first = np.full(cells, np.nan)
        self.last_ts = np.full(cells, LATE)
        self.last = np.full(cells, np.nan)

    def add(self, part: Summary) -> None:
        """Merge a part into its cells; of equal instants the part added earlier is first and the later one last."""
        at = part.cell
        known = self.count[at]
        count = known + part.count
        # Chan, Golub, LeVeque 1979.
        between = np.where(known > 0, part.sum / part.count - self.sum[at] / np.maximum(known, 1), 0.0)
        self.m2[at] += part.m2 + between * between * (known * part.count / count)
        self.count[at] = count
        self.sum[at] += part.sum
        self.min[at] = np.minimum(self.min[at], part.min)
        self.max[at] = np.maximum(self.max[at], part.max)
        earlier = at[part.first_ts < self.first_ts[at]]
        later = at[part.last_ts >= self.last_ts[at]]
        self._set_ends(part, earlier, later)

    def _set_ends(self, part: Summary, earlier: Int, later: Int) -> None:
        where = np.searchsorted(part.cell, earlier)
        self.first_ts[earlier], self.first[earlier] = part.first_ts[where], part.first[where]
        where = np.searchsorted(part.cell, later)
        self.last_ts[later], self.last[later] = part.last_ts[where], part.last[where]

    def move(self, groups: int, drop: int, width: int) -> None:
        """Of cells (groups x buckets): leave out the first buckets, make room for new ones up to `width`."""
        for name, array in vars(self).items():
            setattr(self, name, moved(array, groups, drop, width, _EMPTY.get(name, 0)))

    def result(self, function: str) -> Float:
        """`mean, min, max, sum, count, stddev, first, last` of every cell; NaN where there is none."""
        counts = self.count.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            if function == "mean":
                return self.sum / counts
            if function == "stddev":
                return np.where(self.count > 1, np.sqrt(self.m2 / (counts - 1)), np.nan)
        if function == "count":
            return np.where(self.count > 0, counts, np.nan)
        values: Float = np.where(self.count > 0, getattr(self, function), np.nan)
        return values


def summarize(ts: Int, values: Float, edges: Int, base: int, *, squares: bool) -> Summary:
    """Of readings (n,), ts ascending, all values present, by bucket; the cell of bucket i is `base` + i."""
    positions = np.searchsorted(ts, edges)
    filled = np.flatnonzero(positions[1:] > positions[:-1])
    starts, ends = positions[filled], positions[filled + 1]
    values = values[: positions[-1]]
    count = ends - starts
    total = np.add.reduceat(values, starts) if len(starts) else np.empty(0)
    m2 = np.zeros(len(starts))
    if squares and len(starts):
        deviations = values[starts[0] :] - np.repeat(total / count, count)
        m2 = np.add.reduceat(deviations * deviations, starts - starts[0])
    low = np.minimum.reduceat(values, starts) if len(starts) else np.empty(0)
    high = np.maximum.reduceat(values, starts) if len(starts) else np.empty(0)
    return Summary(
        filled + base, count, total, m2, low, high, ts[starts], values[starts], ts[ends - 1], values[ends - 1]
    )


def fold(parts: Summary) -> Summary:
    """Parts in any order, several a cell, as one a cell."""
    order = np.lexsort((parts.first_ts, parts.cell))
    cell = parts.cell[order]
    starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1])) if len(cell) else np.empty(0, np.int64)
    if not len(starts):
        return parts
    count, total = parts.count[order], parts.sum[order]
    counts, sums = np.add.reduceat(count, starts), np.add.reduceat(total, starts)
    sizes = np.diff(np.append(starts, len(cell)))
    off = total / count - np.repeat(sums / counts, sizes)
    last = np.append(starts[1:], len(cell)) - 1
    return Summary(
        cell[starts], counts, sums,
        np.add.reduceat(parts.m2[order] + count * off * off, starts),
        np.minimum.reduceat(parts.min[order], starts),
        np.maximum.reduceat(parts.max[order], starts),
        parts.first_ts[order][starts], parts.first[order][starts],
        parts.last_ts[order][last], parts.last[order][last],
    )  # fmt: skip
