"""The pieces of an answer, in its order, from one snapshot."""

from collections.abc import AsyncGenerator

import numpy as np

from app.core.copy import Connection
from app.readings.aggregates import key_of, needs
from app.readings.aggregates.ranks import MAX_DIFFERENT
from app.readings.engine import buckets, filling, stored, thinning
from app.readings.engine.loading import in_thread
from app.readings.engine.outline import Overview
from app.readings.engine.question import Piece, Question, join


def columns(question: Question) -> tuple[str, ...]:
    """The names of the answer's columns, beside the instant and the label."""
    if not question.functions:
        return question.shown
    functions = question.functions
    return tuple(key_of(name, function, functions) for name in question.shown for function in functions)


async def pieces(connection: Connection, question: Question, seen: Overview) -> AsyncGenerator[Piece]:
    """Rows of the answer; `seen` is what `outline.overview` saw in the same snapshot. Raises: TooManyValues."""
    found = _rows(connection, question, seen)
    if question.max_points is None:
        async for piece in found:
            if len(piece):
                yield piece
        return
    labels = question.groups
    yield await thinning.thinned(found, columns(question), labels, question.max_points, *_span(question, seen))


def held(question: Question) -> bool:
    """Whether all rows are held before the first one goes out: to be filled, or because lines are followed forwards
    while the answer goes backwards.
    """
    follows = question.interval is None or needs(question.functions).lines
    return bool(question.functions) and (question.fill != "none" or (question.descending and follows))


def may_fail(question: Question, readings: int) -> bool:
    """Whether the answer of so many readings may turn out impossible when parts of it are known: TooManyValues."""
    return bool(needs(question.functions).fractions) and readings > MAX_DIFFERENT


def _span(question: Question, seen: Overview) -> tuple[int, int]:
    return (
        (seen.low or 0, seen.high or 0)
        if question.fill == "none"
        else filling.bounds(question, seen.low, seen.high) or (0, 0)
    )


async def _rows(connection: Connection, question: Question, seen: Overview) -> AsyncGenerator[Piece]:
    if not question.functions:
        async for piece in stored.pieces(connection, question, seen):
            yield _behind(question, piece)
        return
    if not held(question):
        order = buckets.from_the_end if question.descending else buckets.pieces
        async for piece in order(connection, question, seen):
            yield _behind(question, piece)
        return
    found = buckets.pieces(connection, question, seen)
    whole = join([piece async for piece in found], columns(question))
    span = filling.bounds(question, seen.low, seen.high)
    interval = question.interval
    if question.fill != "none" and interval and span:
        whole = await in_thread(lambda: filling.filled(question, whole, interval, *span))
    yield _behind(question, whole.take(slice(None, None, -1)) if question.descending else whole)


def _behind(question: Question, piece: Piece) -> Piece:
    """The rows behind the last one of the page before."""
    if question.after is None or not len(piece):
        return piece
    ts, label = question.after
    same = piece.ts == ts
    if question.descending:
        return piece.take(np.flatnonzero((piece.ts < ts) | (same & (piece.label < label))))
    return piece.take(np.flatnonzero((piece.ts > ts) | (same & (piece.label > label))))
