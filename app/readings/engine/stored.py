"""Readings as they are stored, in order of instant and server."""

from collections.abc import AsyncGenerator, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np

from app.core.copy import Connection
from app.readings.engine import outline
from app.readings.engine.decoding import ServerRows
from app.readings.engine.fetching import Hours
from app.readings.engine.loading import load
from app.readings.engine.outline import Overview
from app.readings.engine.question import Piece, Question, join
from app.readings.segments import HOUR

T = TypeVar("T")

# Rows of a piece: a few MB as columns, some 10 MB as text while they are written.
PIECE_ROWS = 65_536


async def pieces(connection: Connection, question: Question, seen: Overview) -> AsyncGenerator[Piece]:
    """The answer, in its order."""
    width, descending = _width(question, seen), question.descending
    async for low, high, hours in outline.windows(connection, question, seen, width, descending=descending):
        for begin, end, part in _slices(hours, low, high, descending):
            piece = await _piece(connection, question, part, begin, end)
            for start in range(0, len(piece), PIECE_ROWS):
                yield piece.take(slice(start, start + PIECE_ROWS))


def _width(question: Question, seen: Overview) -> int:
    """Hours that hold a few pieces, or what is left of a page."""
    density = max(1, seen.readings // max(1, seen.segments + seen.hot_hours)) * max(1, len(question.servers))
    wanted = min(4 * PIECE_ROWS, 2 * question.limit if question.limit else 4 * PIECE_ROWS)
    return max(1, wanted // density)


def _slices(hours: Hours, low: int, high: int, descending: bool) -> Iterator[tuple[int, int, Hours]]:
    """Times that hold about a piece: some hours, or a part of one that is fuller: begin, end, and the hours to read."""
    each, position = np.unique(hours.hour, return_inverse=True)
    readings = np.bincount(position, hours.readings).astype(np.int64)
    number = (np.cumsum(readings) - readings) // PIECE_ROWS
    for run in _in_order(np.unique(number).tolist(), descending):
        of = each[number == run]
        begin, end = max(int(of[0]) * HOUR, low), min((int(of[-1]) + 1) * HOUR, high)
        part = hours.take((hours.hour >= of[0]) & (hours.hour <= of[-1]))
        count = max(1, int(readings[number == run].sum()) // (2 * PIECE_ROWS)) if len(of) == 1 else 1
        cuts = [begin + (end - begin) * cut // count for cut in range(count + 1)]
        for first, last in _in_order(list(pairwise(cuts)), descending):
            yield first, last, part


def _in_order(items: list[T], descending: bool) -> list[T]:
    return items[::-1] if descending else items


async def _piece(connection: Connection, question: Question, hours: Hours, begin: int, end: int) -> Piece:
    parts: list[Piece] = []
    loaded = load(
        connection, question, outline.blocks(hours), lambda rows: _cut(question, rows, begin, end), begin, end
    )
    async for found in loaded:
        parts += found
    piece = join(parts, question.shown)
    if len(question.servers) > 1:
        piece = piece.take(np.lexsort((piece.label, piece.ts)))
    if question.descending:
        piece = piece.take(slice(None, None, -1))
    return piece


def _cut(question: Question, servers: list[ServerRows], begin: int, end: int) -> list[Piece]:
    return [part for rows in servers if len(part := _shown(question, rows, begin, end))]


def _shown(question: Question, rows: ServerRows, begin: int, end: int) -> Piece:
    """The rows of a server within [begin, end) that have one of the shown quantities."""
    first, last = np.searchsorted(rows.ts, [begin, end]).tolist()
    label = int(np.searchsorted(question.servers, rows.server))
    values = {name: rows.column(name)[first:last] for name in question.shown}
    piece = Piece(rows.ts[first:last], np.full(last - first, label), values)
    found = np.zeros(len(piece), np.bool_)
    for column in values.values():
        found |= ~np.isnan(column)
    return piece if found.all() else piece.take(found)
