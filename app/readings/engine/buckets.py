"""Rows of intervals: statistics where they say it all, decoded readings where they do not (S3)."""

from collections.abc import AsyncGenerator
from functools import partial

from app.core.copy import Connection
from app.readings import calendar
from app.readings.aggregates import Needs, needs
from app.readings.aggregates.ranks import MAX_DIFFERENT
from app.readings.engine import outline, parts
from app.readings.engine.fetching import Hours
from app.readings.engine.loading import in_thread, load
from app.readings.engine.outline import Overview
from app.readings.engine.question import MIN_TS, Piece, Question
from app.readings.engine.tally import EVERYTHING, Tally
from app.readings.segments import HOUR

# Cells computed at once, each of some 80 bytes for every quantity.
CELLS = 400_000


async def pieces(connection: Connection, question: Question, seen: Overview) -> AsyncGenerator[Piece]:
    """The answer, ascending, as its buckets are complete. Raises: TooManyValues."""
    if seen.low is None:
        return
    wants = needs(question.functions)
    tally = Tally(question, wants, question.start if question.start > MIN_TS else seen.low)
    async for low, high, hours in outline.windows(connection, question, seen, _width(question, wants, seen)):
        yield tally.close(low - tally.widest_gap)
        await _fill(connection, question, wants, tally, low, high, hours)
    yield await _closed(tally)


async def from_the_end(connection: Connection, question: Question, seen: Overview) -> AsyncGenerator[Piece]:
    """The answer, descending, for functions that need no order of the readings; with an interval.

    Raises: TooManyValues.
    """
    interval, zone = question.interval or "", question.zone
    wants = needs(question.functions)
    width = _width(question, wants, seen)

    def beginning(ts: int) -> int:
        return int(calendar.edges(interval, zone, ts, ts + 1)[0])

    async for low, high, hours in outline.windows(
        connection, question, seen, width, descending=True, beginning=beginning
    ):
        tally = Tally(question, wants, low)
        await _fill(connection, question, wants, tally, low, high, hours)
        piece = await _closed(tally)
        yield piece.take(slice(None, None, -1))


async def _closed(tally: Tally) -> Piece:
    # Going to a thread and back takes as long as some thousand cells.
    return tally.close(EVERYTHING) if tally.is_small else await in_thread(partial(tally.close, EVERYTHING))


async def _fill(
    connection: Connection, question: Question, wants: Needs, tally: Tally, low: int, high: int, hours: Hours
) -> None:
    tally.open(low, high)
    left = await parts.add(connection, question, wants, tally, hours)
    async for _ in load(connection, question, outline.blocks(left), tally.add_rows, low, high):
        pass


def _width(question: Question, wants: Needs, seen: Overview) -> int:
    """Hours of a window whose cells are no more than CELLS, or than a page takes, and whose values fit `Ranks`."""
    cells = question.groups * max(1, len(question.shown))
    room = min(CELLS, max(1, question.limit) * cells) if question.limit else CELLS
    length = calendar.longest(question.interval) if question.interval else outline.WINDOW_HOURS * HOUR
    width = int(room / cells * min(length, outline.WINDOW_HOURS * HOUR) / HOUR)
    if wants.fractions:
        of_an_hour = seen.readings / max(1, seen.segments + seen.hot_hours) * len(question.servers)
        width = min(width, int(MAX_DIFFERENT / 2 / max(1.0, of_an_hour)))
    return max(1, width)
