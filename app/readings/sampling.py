"""Values at evenly spaced instants, for those who ask with windows that slide: see `engine/sliding`.

All that one request asks for comes from one snapshot and counts towards one budget.
"""

import pickle
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

import numpy as np

from app.core.copy import Connection
from app.core.db import Database
from app.readings.engine import answer, costs, outline, sliding
from app.readings.engine.costs import Estimate
from app.readings.engine.outline import Overview
from app.readings.engine.question import Float, Int, Piece, Question, join
from app.readings.engine.sliding import MOST_READINGS, Sliding, TooManyReadings
from app.readings.errors import TooMuchAsked
from app.readings.series import HEAVY_SECONDS, Series
from app.readings.timing import Timing, timed

# Values held at once, of all that a request asks for: 64 MB, and as much again while they are put together.
MOST_VALUES = 8_000_000


class Costed(Protocol):
    """What there is to read, and what that will cost."""

    @property
    def estimate(self) -> Estimate: ...


Look = TypeVar("Look", bound=Costed)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to read for each part of a request, and what all of it will cost."""

    overviews: Sequence[Overview]
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class SeenRange:
    """What there is to read of one range, and what that will cost."""

    overview: Overview
    estimate: Estimate


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
        found = iter(await _in_turn(series, workspace_id, timing, partial(_look, there, budget), partial(_slid, there)))
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
        look, work = partial(_look_at_range, question, budget, limit), partial(_read, question)
        rows = await _in_turn(series, workspace_id, timing, look, work)
    runs = outline.runs(rows.label) if len(rows) else ()
    return [(int(rows.label[a]), rows.ts[a:b], rows.values[asked.name][a:b]) for a, b in runs]


async def _in_turn(
    series: Series,
    workspace_id: int,
    timing: Timing,
    look: Callable[[Connection], Awaitable[Look]],
    work: Callable[[Connection, Look], Awaitable[T]],
) -> T:
    """What `work` makes of one snapshot: at once where it is short, else when it is its turn. Raises: Busy."""

    async def short(connection: Connection) -> tuple[T] | None:
        seen = await look(connection)
        timing.expect(seen.estimate)
        return (await work(connection, seen),) if seen.estimate.seconds <= HEAVY_SECONDS else None

    found = await series.database.at_once(workspace_id, short)
    if found is not None:
        return found[0]
    async with series.turn():
        made = await series.apart.whole(_Long(workspace_id, look, work))
    result: T = pickle.loads(made)  # noqa: S301 - of our own process
    return result


@dataclass(frozen=True, slots=True)
class _Long(Generic[Look, T]):
    """What takes long, for a process of its own; the result is pickled."""

    workspace_id: int
    look: Callable[[Connection], Awaitable[Look]]
    work: Callable[[Connection, Look], Awaitable[T]]

    async def parts(self, database: Database) -> AsyncGenerator[bytes]:
        async with database.snapshot(self.workspace_id) as connection:
            yield pickle.dumps(await self.work(connection, await self.look(connection)))


async def _look(asked: Sequence[Sliding], budget: int, connection: Connection) -> Seen:
    """Raises: TooMuchAsked."""
    overviews = [await outline.overview(connection, each.question) for each in asked]
    found = costs.total([sliding.estimate(*each) for each in zip(asked, overviews, strict=True)])
    _check(found.seconds, budget)
    return Seen(overviews, found)


async def _slid(asked: Sequence[Sliding], connection: Connection, seen: Seen) -> list[Float]:
    try:
        return [await sliding.slide(connection, *each) for each in zip(asked, seen.overviews, strict=True)]
    except TooManyReadings:
        raise TooMuchAsked(
            "One window holds more than {limit} readings of a server; make it shorter.", limit=MOST_READINGS
        ) from None


async def _look_at_range(question: Question, budget: int, limit: int, connection: Connection) -> SeenRange:
    """Raises: TooMuchAsked."""
    overview = await outline.overview(connection, question)
    found = costs.estimate(question, overview)
    _check(found.seconds, budget)
    if overview.readings > limit:
        raise TooMuchAsked("There are more than {limit} readings; ask for a shorter range.", limit=limit)
    return SeenRange(overview, found)


async def _read(question: Question, connection: Connection, seen: SeenRange) -> Piece:
    """The readings by server and instant."""
    rows = join([piece async for piece in answer.pieces(connection, question, seen.overview)], question.shown)
    return rows.take(np.argsort(rows.label, kind="stable"))


def _check(seconds: float, budget: int) -> None:
    if seconds > budget:
        raise TooMuchAsked(
            "This would take about {seconds} s, and {budget} s are allowed; ask for fewer servers, a longer step or a "
            "shorter range.",
            seconds=round(seconds, 1),
            budget=budget,
        )
