"""What the readings of a server say in their order: delta, rate, integral and time-weighted mean.

Two consecutive readings of a quantity are a pair. A pair's increase belongs to the bucket of its later reading; the
area under the straight line between them is split where the line crosses from bucket to bucket.
"""

import numpy as np
import numpy.typing as npt

from app.readings.aggregates.partials import moved

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

SECOND = 1_000_000


class Lines:
    """Cells (n,) of one quantity, and the last reading of each server, from which the next pair begins."""

    def __init__(self, cells: int) -> None:
        self.pairs = np.zeros(cells, np.int64)
        self.increase = np.zeros(cells)
        self.seconds = np.zeros(cells)
        self.area = np.zeros(cells)
        self.covered = np.zeros(cells)
        self.values = np.zeros(cells)
        self.count = np.zeros(cells, np.int64)
        self.last: dict[int, tuple[int, float]] = {}

    def add(self, server: int, ts: Int, values: Float, edges: Int, base: int, gap: int) -> None:
        """Readings (n,) of a server behind those added before, ts ascending, all values present, none before edges[0]
        or from edges[-1] on; the cell of bucket i is `base` + i. Pairs further apart than `gap` have no area.
        """
        if not len(ts):
            return
        cell = np.searchsorted(edges, ts, "right") - 1 + base
        np.add.at(self.count, cell, 1)
        np.add.at(self.values, cell, values)
        if server in self.last:
            before_ts, before = self.last[server]
            ts, values = np.insert(ts, 0, before_ts), np.insert(values, 0, before)
        else:
            cell = cell[1:]
        self.last[server] = int(ts[-1]), float(values[-1])
        if len(ts) < 2:
            return
        self._add_increases(ts, values, cell)
        near = np.diff(ts) <= gap
        self._add_areas(ts[:-1][near], ts[1:][near], values[:-1][near], values[1:][near], edges, base)

    def _add_increases(self, ts: Int, values: Float, cell: Int) -> None:
        change = np.diff(values)
        # A counter that fell has begun anew at zero.
        np.add.at(self.increase, cell, np.where(change < 0, values[1:], change))
        np.add.at(self.seconds, cell, np.diff(ts) / SECOND)
        np.add.at(self.pairs, cell, 1)

    def _add_areas(self, begin: Int, end: Int, left: Float, right: Float, edges: Int, base: int) -> None:
        first = np.maximum(np.searchsorted(edges, begin, "right") - 1, 0)
        # A line that ends on an edge does not reach into the bucket that begins there.
        last = np.maximum(np.searchsorted(edges, end, "left") - 1, first)
        pieces = last - first + 1
        pair = np.repeat(np.arange(len(begin)), pieces)
        bucket = first[pair] + np.arange(len(pair)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        begins = np.maximum(begin[pair], edges[bucket])
        ends = np.minimum(end[pair], edges[bucket + 1])
        slope = (right - left)[pair] / (end - begin)[pair]
        from_begin = (begins - begin[pair]) + (ends - begin[pair])
        seconds = (ends - begins) / SECOND
        np.add.at(self.area, bucket + base, (left[pair] + slope * from_begin / 2) * seconds)
        np.add.at(self.covered, bucket + base, seconds)

    def move(self, groups: int, drop: int, width: int) -> None:
        """Of cells (groups x buckets): leave out the first buckets, make room for new ones up to `width`."""
        for name, array in vars(self).items():
            if name != "last":
                setattr(self, name, moved(array, groups, drop, width, 0))

    def result(self, function: str) -> Float:
        """`delta, rate, integral, twa` of every cell, NaN where there is none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if function == "delta":
                return np.where(self.pairs > 0, self.increase, np.nan)
            if function == "rate":
                return np.where(self.pairs > 0, self.increase / self.seconds, np.nan)
            touched = (self.covered > 0) | (self.count > 0)
            if function == "integral":
                return np.where(touched, self.area, np.nan)
            # Readings that no line touches count alike.
            mean = np.where(self.count > 0, self.values / self.count, np.nan)
            return np.where(self.covered > 0, self.area / self.covered, mean)
