"""Values at evenly spaced instants, for those who ask with windows that slide: see `engine/sliding`.

All that one request asks for comes from one snapshot and counts towards one budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from app.core.copy import Connection
from app.readings.engine import answer, costs, outline, sliding
from app.readings.engine.costs import Estimate
from app.readings.engine.outline import Overview
from app.readings.engine.question import Float, Int, Question, join
from app.readings.engine.sliding import MOST_READINGS, Sliding, TooManyReadings
from app.readings.errors import TooMuchAsked
from app.readings.series import Series
from app.readings.timing import timed

# Values held at once, of all that a request asks for: 64 MB, and as much again while they are put together.
MOST_VALUES = 8_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to read for each part of a request, and what all of it will cost."""

    overviews: Sequence[Overview]
    estimate: Estimate

    @property
    def seconds(self) -> float:
        return self.estimate.seconds


async def sample(series: Series, workspace_id: int, asked: Sequence[Sliding], budget: int) -> list[Float]:
    """Of each of these the values (s, t), NaN for none. Raises: TooMuchAsked, Busy."""
    values = sum(len(each.servers) * len(each.ends) for each in asked)
    if values > MOST_VALUES:
        raise TooMuchAsked(
            "That is {values} values, more than {limit}; ask for fewer servers, a longer step or a shorter range.",
            values=values,
            limit=MOST_VALUES,
        )
    there = [each for each in asked if len(each.servers)]
    if not there:
        return [each.nothing() for each in asked]
    with timed(there[0].question, series.slow_seconds) as timing:
        async with series.open(workspace_id, partial(_look, there, budget)) as (connection, seen):
            timing.expect(seen.estimate)
            found = iter([await _slide(connection, *each) for each in zip(there, seen.overviews, strict=True)])
    return [next(found) if len(each.servers) else each.nothing() for each in asked]


async def stored(
    series: Series, workspace_id: int, asked: Sliding, budget: int, limit: int
) -> list[tuple[int, Int, Float]]:
    """The readings themselves of a single window: the place of each server that has some, instants (n,), values (n,).

    Raises: TooMuchAsked, Busy.
    """
    if not len(asked.servers):
        return []
    question = asked.question
    with timed(question, series.slow_seconds) as timing:
        async with series.open(workspace_id, partial(_look_at_stored, question, budget, limit)) as (connection, seen):
            timing.expect(seen.estimate)
            found = [piece async for piece in answer.pieces(connection, question, seen.overview)]
    rows = join(found, question.shown)
    rows = rows.take(np.argsort(rows.label, kind="stable"))
    runs = outline.runs(rows.label) if len(rows) else ()
    return [(int(rows.label[a]), rows.ts[a:b], rows.values[asked.name][a:b]) for a, b in runs]


async def _look_at_stored(question: Question, budget: int, limit: int, connection: Connection) -> costs.Seen:
    """Raises: TooMuchAsked."""
    overview = await outline.overview(connection, question)
    seen = costs.Seen(overview, costs.estimate(question, overview))
    _check(seen.seconds, budget)
    if overview.readings > limit:
        raise TooMuchAsked("There are more than {limit} readings; ask for a shorter range.", limit=limit)
    return seen


async def _look(asked: Sequence[Sliding], budget: int, connection: Connection) -> Seen:
    """Raises: TooMuchAsked."""
    overviews = [await outline.overview(connection, each.question) for each in asked]
    seen = Seen(overviews, costs.total([sliding.estimate(*each) for each in zip(asked, overviews, strict=True)]))
    _check(seen.seconds, budget)
    return seen


def _check(seconds: float, budget: int) -> None:
    if seconds > budget:
        raise TooMuchAsked(
            "This would take about {seconds} s, and {budget} s are allowed; ask for fewer servers, a longer step or a "
            "shorter range.",
            seconds=round(seconds, 1),
            budget=budget,
        )


async def _slide(connection: Connection, asked: Sliding, seen: Overview) -> Float:
    try:
        return await sliding.slide(connection, asked, seen)
    except TooManyReadings:
        raise TooMuchAsked(
            "One window holds more than {limit} readings of a server; make it shorter.", limit=MOST_READINGS
        ) from None
