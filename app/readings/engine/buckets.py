"""Rows of intervals: statistics where they say it all, decoded readings where they do not (S3)."""

from collections.abc import AsyncGenerator
from functools import partial

import numpy as np
import numpy.typing as npt

from app.core.copy import Connection
from app.readings import calendar
from app.readings.aggregates import Needs, needs
from app.readings.engine import fetching, outline
from app.readings.engine.fetching import Columns, Hours, key_of
from app.readings.engine.loading import in_thread, load
from app.readings.engine.outline import Overview
from app.readings.engine.question import MIN_TS, Int, Piece, Question
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
        known, bucket = usable(question, wants, hours, tally.edges)
        if known.any():
            await _add_statistics(connection, question, wants, tally, hours.take(known), bucket[known])
        async for _ in load(connection, question, outline.blocks(hours.take(~known)), tally.add_rows, low, high):
            pass
    yield await in_thread(lambda: tally.close(EVERYTHING))


def usable(question: Question, wants: Needs, hours: Hours, edges: Int) -> tuple[npt.NDArray[np.bool_], Int]:
    """Which hours (n,) of servers their statistics stand for, and the bucket (n,) of their first reading."""
    bucket = np.searchsorted(edges, hours.low, "right") - 1
    if not wants.statistics_do or question.conditions or (wants.ends and not question.one_server_a_group):
        return np.zeros(len(hours), np.bool_), bucket
    within = (hours.low >= question.start) & (hours.high < question.end)
    whole = bucket == np.searchsorted(edges, hours.high, "right") - 1
    return (hours.sealed > 0) & (hours.hot == 0) & within & whole, bucket


def _width(question: Question) -> int:
    """Hours of a window whose cells are no more than CELLS."""
    cells = question.groups * max(1, len(question.shown))
    length = calendar.longest(question.interval) if question.interval else outline.WINDOW_HOURS * HOUR
    return max(1, int(CELLS / cells * min(length, outline.WINDOW_HOURS * HOUR) / HOUR))


async def _add_statistics(
    connection: Connection, question: Question, wants: Needs, tally: Tally, known: Hours, bucket: Int
) -> None:
    """Of these hours, each with the bucket it lies in."""
    found = await fetching.statistics(connection, question, wants.kept, int(known.hour.min()), int(known.hour.max()))
    if found is not None:
        await in_thread(partial(_add, found, wants, tally, known, bucket))


def _add(found: Columns, wants: Needs, tally: Tally, known: Hours, bucket: Int) -> None:
    server, hour, quantity, *values = found
    at, is_known = _position(known, server, hour)
    columns = dict(zip(("count", *wants.kept), values, strict=True))
    if not is_known.all():
        server, hour, quantity = server[is_known], hour[is_known], quantity[is_known]
        columns = {name: column[is_known] for name, column in columns.items()}
    tally.add_statistics(server, bucket[at], quantity, hour * HOUR, columns)


def _position(known: Hours, server: Int, hour: Int) -> tuple[Int, npt.NDArray[np.bool_]]:
    """Where each of these (server, hour) stands among the known ones, and which of them do."""
    keys, wanted = key_of(known.server, known.hour), key_of(server, hour)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    is_known = keys[at] == wanted
    return at[is_known], is_known
