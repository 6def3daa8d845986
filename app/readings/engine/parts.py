"""What statistics answer: hours of servers that lie within a bucket, and quarters of those that do not."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.copy import Connection
from app.readings import calendar, quarters
from app.readings.aggregates import Needs
from app.readings.engine import fetching
from app.readings.engine.fetching import Hours, key_of
from app.readings.engine.loading import in_thread
from app.readings.engine.question import Int, Question
from app.readings.engine.tally import Tally
from app.readings.quarters import QUARTER
from app.readings.segments import HOUR

Which = npt.NDArray[np.bool_]


async def add(connection: Connection, question: Question, wants: Needs, tally: Tally, hours: Hours) -> Hours:
    """Add up what statistics say, and give back the hours that are left to decode."""
    if not answering(question, wants):
        return hours
    # A hot row of an hour would lie over its segment (S3).
    sealed = (hours.sealed > 0) & (hours.hot == 0)
    bucket, whole = _within(question, hours, tally.edges)
    whole &= sealed
    if whole.any():
        known = hours.take(whole)
        found = await fetching.statistics(connection, question, wants.kept, *_span(known))
        if found is not None:
            await in_thread(partial(_add_hours, *found, tally, known, bucket[whole]))
    cut = sealed & ~whole & divisible(question, hours, tally.edges)
    if not cut.any():
        return hours.take(~whole)
    rows = await fetching.quarters(connection, hours.take(cut))
    answered = await in_thread(partial(_add_records, question, wants, tally, rows))
    return hours.take(~whole & ~np.isin(key_of(hours.server, hours.hour), answered))


def answering(question: Question, wants: Needs) -> bool:
    """Whether statistics can stand for readings at all."""
    return wants.statistics_do and not question.conditions and (not wants.ends or question.one_server_a_group)


def divisible(question: Question, hours: Hours, edges: Int) -> Which:
    """Which hours (n,) no bucket and no bound of the range cuts but at a quarter."""
    if question.interval and calendar.longest(question.interval) < QUARTER:
        return np.zeros(len(hours), np.bool_)
    cuts = np.append(edges, [question.start, question.end])
    return ~np.isin(hours.hour, cuts[cuts % QUARTER != 0] // HOUR)


def _within(question: Question, hours: Hours, edges: Int) -> tuple[Int, Which]:
    """The bucket (n,) of each hour's first reading, and whether all of them lie in it, and in the range."""
    bucket = np.searchsorted(edges, hours.low, "right") - 1
    within = (hours.low >= max(question.start, edges[0])) & (hours.high < min(question.end, edges[-1]))
    return bucket, within & (bucket == np.searchsorted(edges, hours.high, "right") - 1)


def _span(hours: Hours) -> tuple[int, int]:
    return int(hours.hour.min()), int(hours.hour.max())


def _add_hours(
    server: Int, quantity: Int, hour: Int, columns: dict[str, Any], tally: Tally, known: Hours, bucket: Int
) -> None:
    keys, wanted = key_of(known.server, known.hour), key_of(server, hour)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    is_known = keys[at] == wanted
    if not is_known.all():
        at, server, hour, quantity = (column[is_known] for column in (at, server, hour, quantity))
        columns = {name: column[is_known] for name, column in columns.items()}
    tally.add_statistics(server, bucket[at], quantity, hour * HOUR, columns)


def _add_records(question: Question, wants: Needs, tally: Tally, rows: list[tuple[int, int, bytes]]) -> Int:
    server, hour = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    records, sizes = quarters.decode([encoded for _, _, encoded in rows])
    begin = np.repeat(hour * HOUR, sizes) + records["quarter"].astype(np.int64) * QUARTER
    inside = (begin >= max(question.start, tally.edges[0])) & (begin < min(question.end, tally.edges[-1]))
    columns = {name: records[name][inside] for name in ("count", *wants.kept)}
    begin = begin[inside]
    bucket = np.searchsorted(tally.edges, begin, "right") - 1
    tally.add_statistics(np.repeat(server, sizes)[inside], bucket, records["quantity"][inside], begin, columns)
    return key_of(server, hour)[sizes > 0]
