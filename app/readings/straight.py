"""Readings that go straight into segments: history that is older than the hours that stay hot."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from app.core.clock import to_microseconds
from app.core.copy import Connection
from app.readings import hot, sealed
from app.readings.aside import aside
from app.readings.cells import Cells, cell_starts, cells_at, in_key_order
from app.readings.packing import pack_rows
from app.readings.rows import EMPTY, Int, Rows, concatenate
from app.readings.sealing import due_before
from app.readings.waiting import Counts, counts

# A segment is rewritten as a whole, some 3 ms: below this its hour is better served by rows, which the sealer folds in.
MIN_CELL_ROWS = 100
# Locks of one transaction. PostgreSQL keeps some 6,400 for everybody as it is shipped.
MAX_CELLS = 1000


def first_hot(lag: timedelta) -> int:
    """Readings before this instant, microseconds since 1970, belong to hours that are due for sealing."""
    return to_microseconds(due_before(lag))


def divide(rows: Rows, limit: int) -> tuple[Rows, Rows]:
    """Those before the instant, and the others."""
    old = rows.ts < limit
    if not old.any():
        return EMPTY, rows
    return (rows, EMPTY) if old.all() else (rows.take(old), rows.take(~old))


def parts(rows: Rows) -> Iterator[Rows]:
    """Readings in key order, cut between cells into parts that one transaction may hold the locks of."""
    starts = cell_starts(rows)
    for first in range(0, len(starts), MAX_CELLS):
        last = first + MAX_CELLS
        yield rows.between(int(starts[first]), int(starts[last]) if last < len(starts) else len(rows))


async def fold(connection: Connection, rows: Rows) -> Counts:
    """Merge one such part into segments, within the caller's transaction, which has locked nothing yet."""
    cells = cells_at(rows, cell_starts(rows))
    await sealed.lock(connection, cells)
    folded = await sealed.fold(connection, cells, rows)
    await hot.raise_history_versions(connection, np.unique(cells.server).tolist())
    return folded.counts


async def fold_dense(connection: Connection, held: Sequence[Rows], room: int) -> tuple[Counts, int]:
    """Merge readings, in their order, into segments where their hours are dense and nobody else is at them; the others
    become hot rows. Takes no more than `room` locks and waits for none, so that the caller may call again and again
    within one transaction. Returns what became of them, and how many locks were taken.
    """
    count = sum(map(len, held))
    rows, cells, sizes = await aside(count, lambda: _by_cell(held))
    dense = sizes >= MIN_CELL_ROWS
    dense &= np.cumsum(dense) <= room
    dense[dense] = await sealed.try_lock(connection, cells.take(dense))
    history, rest, packed = await aside(count, lambda: _separated(rows, np.repeat(dense, sizes)))
    total = Counts()
    if len(history):
        total += (await sealed.fold(connection, cells.take(dense), history)).counts
    if len(rest):
        total += counts(await hot.store(connection, rest, packed), len(rest))
    return total, int(dense.sum())


def _by_cell(held: Sequence[Rows]) -> tuple[Rows, Cells, Int]:
    """All of them in key order, their cells, and how many are in each."""
    rows = in_key_order(concatenate(held))
    starts = cell_starts(rows)
    return rows, cells_at(rows, starts), np.diff(np.append(starts, len(rows)))


def _separated(rows: Rows, straight: npt.NDArray[np.bool_]) -> tuple[Rows, Rows, bytes]:
    """Those that go straight to segments, and the others, packed too."""
    if straight.all():
        return rows, EMPTY, b""
    rest = rows.take(~straight)
    return rows.take(straight), rest, pack_rows(rest)
