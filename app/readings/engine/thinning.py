"""Fewer rows that draw the same chart: of every slice of time the rows with each column's lowest and highest value."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

import numpy as np

from app.readings.engine.loading import in_thread
from app.readings.engine.question import Int, Piece, join


def fewest(columns: int) -> int:
    """The least `max_points` with which so many columns can be drawn: one slice, and both ends."""
    return 2 * columns + 2


async def thinned(
    pieces: AsyncIterator[Piece], names: Sequence[str], labels: int, points: int, low: int, high: int
) -> Piece:
    """At most `points` rows of every label, of an answer within [low, high]; the first and last of each among them."""
    slices = max(1, (points - 2) // (2 * len(names)))
    held: list[Piece] = []
    count = 0
    async for piece in pieces:
        held.append(piece)
        count += len(piece)
        # Once in a while, so that what is held stays a few times of what is drawn.
        if count > 4 * points * labels + 100_000:
            whole = join(held, names)
            held = [await in_thread(partial(_thin, whole, points, slices, low, high))]
            count = len(held[0])
    whole = join(held, names)
    return await in_thread(partial(_thin, whole, points, slices, low, high))


def _thin(piece: Piece, points: int, slices: int, low: int, high: int) -> Piece:
    if not len(piece):
        return piece
    kept = [_of_label(piece, np.flatnonzero(piece.label == label), points, slices, low, high) for label in _in(piece)]
    return piece.take(np.sort(np.concatenate(kept)))


def _in(piece: Piece) -> list[int]:
    labels: list[int] = np.unique(piece.label).tolist()
    return labels


def _of_label(piece: Piece, rows: Int, points: int, slices: int, low: int, high: int) -> Int:
    """Positions of the rows that stay."""
    if len(rows) <= points:
        return rows
    part = (np.clip(piece.ts[rows], low, high) - low) // max(1, -(-(high - low + 1) // slices))
    kept = [rows[:1], rows[-1:]]
    for column in piece.values.values():
        values = column[rows]
        present = ~np.isnan(values)
        kept += _extremes(rows[present], part[present], values[present])
    return np.unique(np.concatenate(kept))


def _extremes(rows: Int, part: Int, values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[Int]:
    """Positions of the first lowest and the first highest value of every part; parts are runs."""
    if not len(rows):
        return []
    starts = np.flatnonzero(np.append(True, part[1:] != part[:-1]))
    sizes = np.diff(np.append(starts, len(rows)))
    found = []
    for extreme in (np.minimum, np.maximum):
        hits = np.flatnonzero(values == np.repeat(extreme.reduceat(values, starts), sizes))
        run = np.searchsorted(starts, hits, "right")
        found.append(rows[hits[np.append(True, run[1:] != run[:-1])]])
    return found
