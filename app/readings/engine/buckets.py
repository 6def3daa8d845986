"""Rows of intervals: statistics where they say it all, decoded readings where they do not (S3)."""

from collections.abc import AsyncGenerator

from app.core.copy import Connection
from app.readings import calendar
from app.readings.aggregates import needs
from app.readings.engine import outline, parts
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
    async for low, high, hours in outline.windows(connection, question, seen, _width(question)):
        yield tally.close(low - tally.widest_gap)
        tally.open(low, high)
        left = await parts.add(connection, question, wants, tally, hours)
        async for _ in load(connection, question, outline.blocks(left), tally.add_rows, low, high):
            pass
    yield await in_thread(lambda: tally.close(EVERYTHING))


def _width(question: Question) -> int:
    """Hours of a window whose cells are no more than CELLS."""
    cells = question.groups * max(1, len(question.shown))
    length = calendar.longest(question.interval) if question.interval else outline.WINDOW_HOURS * HOUR
    return max(1, int(CELLS / cells * min(length, outline.WINDOW_HOURS * HOUR) / HOUR))
