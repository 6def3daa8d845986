"""Intervals without readings, given a row of their own."""

import numpy as np

from app.readings import calendar
from app.readings.aggregates import ZERO_OF_NOTHING, key_of
from app.readings.engine.question import MAX_TS, MIN_TS, Float, Int, Piece, Question

# Of one answer, all columns together: 8 bytes each, held at once because a line may span all of the range.
MAX_CELLS = 4_000_000


def bounds(question: Question, low: int | None, high: int | None) -> tuple[int, int] | None:
    """The first and the last instant whose intervals get a row: the range's bounds, or where it has none the first and
    last reading's; None: nothing to fill.
    """
    first = question.start if question.start > MIN_TS else low
    last = question.end - 1 if question.end < MAX_TS else high
    return None if first is None or last is None or first > last else (first, last)


def filled(question: Question, piece: Piece, interval: str, first: int, last: int) -> Piece:
    """Every interval from that of `first` to that of `last`, for every group; what stays unknown is NaN."""
    begins = calendar.edges(interval, question.zone, first, last + 1)[:-1]
    at = np.searchsorted(begins, piece.ts)
    columns = {}
    for name in question.shown:
        for function in question.functions:
            key = key_of(name, function, question.functions)
            grid = np.full((question.groups, len(begins)), np.nan)
            grid[piece.label, at] = piece.values[key]
            how = "zero" if function in ZERO_OF_NOTHING else question.fill
            columns[key] = np.stack([_fill(row, begins, how) for row in grid]).T.reshape(-1)
    return Piece(np.repeat(begins, question.groups), np.tile(np.arange(question.groups), len(begins)), columns)


def _fill(row: Float, begins: Int, how: str) -> Float:
    if how == "zero":
        return np.nan_to_num(row, nan=0.0)
    known = np.flatnonzero(~np.isnan(row))
    if how == "null" or not len(known):
        return row
    if how == "linear":
        line: Float = np.interp(begins - begins[0], (begins - begins[0])[known], row[known], left=np.nan, right=np.nan)
        return line
    before = np.searchsorted(known, np.arange(len(row)), "right") - 1
    previous: Float = np.where(before >= 0, row[known[before]], np.nan)
    return previous
