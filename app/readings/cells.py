"""Cells: hours of servers, the unit in which readings are sealed, locked, rewritten and dropped."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.readings.rows import Int, Rows
from app.readings.segments import hours_of

Cell = tuple[int, int]
"""A server's number and an hour since 1970."""


@dataclass(frozen=True, slots=True)
class Cells:
    """n cells, each once, ascending by server and hour: the order in which every writer locks them."""

    server: Int
    hour: Int

    def __len__(self) -> int:
        return len(self.hour)

    def take(self, which: "Int | np.ndarray[tuple[int], np.dtype[np.bool_]] | slice") -> "Cells":
        """Those at ascending positions, or where the mask is true."""
        return Cells(self.server[which], self.hour[which])

    def pairs(self) -> list[Cell]:
        return list(zip(self.server.tolist(), self.hour.tolist(), strict=True))

    def arrays(self) -> tuple[list[int], list[int]]:
        """As parameters of the statements that unnest them."""
        return self.server.tolist(), self.hour.tolist()

    def runs(self) -> list[tuple[int, int, int]]:
        """Hours without a gap: server, first hour, hour behind the last."""
        if not len(self):
            return []
        breaks = (np.diff(self.server) != 0) | (np.diff(self.hour) != 1)
        starts = np.append(0, np.flatnonzero(breaks) + 1)
        ends = np.append(starts[1:], len(self)) - 1
        return list(
            zip(self.server[starts].tolist(), self.hour[starts].tolist(), (self.hour[ends] + 1).tolist(), strict=True)
        )


def cells_of(pairs: list[Cell]) -> Cells:
    """These cells, ascending, each once."""
    table = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
    return Cells(table[:, 0], table[:, 1])


def in_key_order(rows: Rows) -> Rows:
    """Ascending by server and instant; readings of the same key keep their order."""
    later = (rows.server[1:] > rows.server[:-1]) | (
        (rows.server[1:] == rows.server[:-1]) & (rows.ts[1:] >= rows.ts[:-1])
    )
    if later.all():
        return rows
    if (rows.ts[1:] >= rows.ts[:-1]).all() and (spread := np.ptp(rows.server)) < 2**16:
        # A file of a fleet in the order of time, as nearly all are; numpy sorts so small numbers in one pass each byte.
        small = np.uint8 if spread < 2**8 else np.uint16
        return rows.take(np.argsort((rows.server - rows.server.min()).astype(small), kind="stable"))
    return rows.take(np.lexsort((rows.ts, rows.server)))


def cell_starts(rows: Rows) -> Int:
    """Where the rows of each cell begin, of readings in key order."""
    if not len(rows):
        return np.empty(0, np.int64)
    new = (np.diff(rows.server) != 0) | (np.diff(hours_of(rows.ts)) != 0)
    return np.append(0, np.flatnonzero(new) + 1)


def cells_at(rows: Rows, starts: Int) -> Cells:
    """The cells whose rows begin there."""
    return Cells(rows.server[starts], hours_of(rows.ts[starts]))


def split(rows: Rows) -> Iterator[tuple[Cell, Rows]]:
    """Readings in key order, a part a cell; the parts are views."""
    starts = cell_starts(rows)
    ends = np.append(starts[1:], len(rows)).tolist()
    for cell, start, end in zip(cells_at(rows, starts).pairs(), starts.tolist(), ends, strict=False):
        yield cell, rows.between(start, end)
