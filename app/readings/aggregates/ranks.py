"""Percentiles as PostgreSQL's percentile_cont: exact, whatever the number of values.

Sensors give few different values, so values are kept with how often they came once there are many of them: the median
of a year at 1 Hz takes the memory of some thousand values.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

# Collected before they are counted, and different ones at most: 24 bytes each, and as much again while they are sorted.
COLLECTED = 1_000_000
MAX_DIFFERENT = 3_000_000


class TooManyValues(ValueError):
    """More different values than fit the memory of a query."""


class Ranks:
    """Values of one quantity by cell."""

    def __init__(self) -> None:
        self._parts: list[tuple[Int, Float, Int]] = []
        self._collected = 0

    def add(self, cell: Int, values: Float) -> None:
        """Values (n,), all present, each into its cell (n,). Raises: TooManyValues."""
        if not len(values):
            return
        counts = np.ones(len(values), np.int64)
        if cell[0] == cell[-1] and (cell == cell[0]).all():
            # The usual case of long intervals; sorting values alone takes a tenth of sorting them by cell.
            values, counts = np.unique(values, return_counts=True)
            cell = cell[: len(values)]
        self._parts.append((cell, values, counts))
        self._collected += len(values)
        if self._collected > COLLECTED:
            self._count()

    def shift(self, cells: Int) -> None:
        """Move every value to the cell (old cells,) now stands for; -1: it leaves."""
        self._count()
        cell, values, counts = self._parts[0]
        moved = cells[cell]
        kept = moved >= 0
        self._parts = [(moved[kept], values[kept], counts[kept])]

    def results(self, fractions: Sequence[float], cells: int) -> dict[float, Float]:
        """The percentile of every cell (cells,) at each fraction, NaN where it is empty."""
        self._count()
        cell, values, counts = self._parts[0]
        begins = np.searchsorted(cell, np.arange(cells + 1))
        ends = np.cumsum(counts)
        before = np.append(0, ends)[begins[:-1]]
        total = np.append(0, ends)[begins[1:]] - before
        return {fraction: self._at(fraction, values, ends, before, total) for fraction in fractions}

    @staticmethod
    def _at(fraction: float, values: Float, ends: Int, before: Int, total: Int) -> Float:
        found = np.full(len(total), np.nan)
        filled = total > 0
        rank = fraction * (total[filled] - 1)
        low, high = np.floor(rank).astype(np.int64), np.ceil(rank).astype(np.int64)
        lower = values[np.searchsorted(ends, before[filled] + low, "right")]
        upper = values[np.searchsorted(ends, before[filled] + high, "right")]
        found[filled] = lower + (rank - low) * (upper - lower)
        return found

    def _count(self) -> None:
        """Sort what was collected, by cell and value, each once with its count."""
        cell = np.concatenate([part[0] for part in self._parts] or [np.empty(0, np.int64)])
        values = np.concatenate([part[1] for part in self._parts] or [np.empty(0)])
        counts = np.concatenate([part[2] for part in self._parts] or [np.empty(0, np.int64)])
        order = np.lexsort((values, cell))
        cell, values, counts = cell[order], values[order], counts[order]
        if len(cell):
            starts = np.flatnonzero(np.append(True, (cell[1:] != cell[:-1]) | (values[1:] != values[:-1])))
            cell, values, counts = cell[starts], values[starts], np.add.reduceat(counts, starts)
        if len(cell) > MAX_DIFFERENT:
            raise TooManyValues
        self._parts, self._collected = [(cell, values, counts)], 0
