"""Readings that go straight into segments: history that is older than the hours that stay hot."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from app.core.clock import to_microseconds
from app.core.copy import Connection
from app.readings import hot, sealed
from app.readings import segment_queries as queries
from app.readings.cells import Cells, cell_starts, cells_at, in_key_order
from app.readings.packing import pack_rows
from app.readings.rows import EMPTY, Rows
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
    await hot.raise_history_versions(connection, np.unique(rows.server).tolist())
    return folded.counts


async def fold_dense(connection: Connection, rows: Rows, room: int) -> tuple[Counts, int]:
    """Merge readings, in their order, into segments where their hours are dense and nobody else is at them; the others
    become hot rows. Takes no more than `room` locks and waits for none, so that the caller may call again and again
    within one transaction. Returns what became of them, and how many locks were taken.
    """
    rows = in_key_order(rows)
    starts = cell_starts(rows)
    sizes = np.diff(np.append(starts, len(rows)))
    cells = cells_at(rows, starts)
    dense = sizes >= MIN_CELL_ROWS
    dense &= np.cumsum(dense) <= room
    dense[dense] = await _locked(connection, cells.take(dense))
    straight = np.repeat(dense, sizes)
    total = Counts()
    if dense.any():
        total += (await sealed.fold(connection, cells.take(dense), rows.take(straight))).counts
    if not dense.all():
        rest = rows.take(~straight)
        total += counts(await hot.store(connection, rest, pack_rows(rest)), len(rest))
    return total, int(dense.sum())


async def _locked(connection: Connection, cells: Cells) -> list[bool]:
    """Which of these cells are ours now."""
    cursor = await connection.execute(queries.TRY_LOCK_CELLS, cells.arrays())
    return [locked for (locked,) in await cursor.fetchall()]
