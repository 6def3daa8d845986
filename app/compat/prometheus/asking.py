"""From a question in PromQL to the bytes of its answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from app.auth.principals import Principal
from app.compat.prometheus import catalogue, evaluating, parsing, writing
from app.compat.prometheus.catalogue import Catalogue
from app.compat.prometheus.errors import BadExpression, CannotEvaluate, TookTooLong
from app.compat.prometheus.expressions import NAME, Node, Range, Sample, samples
from app.compat.prometheus.schemas import InstantQuery, RangeQuery, SeriesQuery
from app.compat.prometheus.vectors import Labels, Value, Vector
from app.core.clock import now, to_microseconds
from app.core.db import Database
from app.core.settings import Settings
from app.readings import sampling
from app.readings.aside import aside
from app.readings.budgets import budget_of
from app.readings.engine.question import Float, Int
from app.readings.engine.sliding import Sliding
from app.readings.series import Series

# As Prometheus; whoever waits longer has gone.
MOST_SECONDS = 120.0
# Values of one answer, some 60 MB of JSON.
MOST_VALUES = 2_000_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what answers are made of."""

    database: Database
    series: Series
    settings: Settings
    principal: Principal

    async def instant(self, query: InstantQuery) -> bytes:
        """Raises: BadExpression, CannotEvaluate, TooMuchAsked, Busy, TookTooLong."""
        node = parsing.parse(query.query, query.lookback)
        at = to_microseconds(now()) // 1000 * 1000 if query.time is None else query.time
        async with _within(query.timeout):
            if isinstance(node, Range):
                return await self._readings(node, at)
            return await self._evaluated(node, np.array([at]), lambda value: writing.at_one_instant(value, at))

    async def over_time(self, query: RangeQuery) -> bytes:
        """Raises: BadExpression, CannotEvaluate, TooMuchAsked, Busy, TookTooLong."""
        node = parsing.parse(query.query, query.lookback)
        if isinstance(node, Range):
            raise BadExpression("A range of readings is no value at an instant; use avg_over_time or the like.")
        instants = np.arange(query.start, query.end + 1, query.step)
        async with _within(query.timeout):
            return await self._evaluated(node, instants, lambda value: writing.over_time(value, instants.tolist()))

    async def existing(self, query: SeriesQuery) -> list[Labels]:
        """The labels of series that there are. Raises: BadExpression."""
        selectors = [parsing.selector(text) for text in query.match]
        return await catalogue.existing(self.database, self.principal.workspace_id, selectors, query.start)

    async def quantities(self) -> list[str]:
        """What the workspace measures."""
        return list((await catalogue.load(self.database, self.principal.workspace_id)).quantities)

    async def _evaluated(self, node: Node, instants: Int, write: Callable[[Value], bytes]) -> bytes:
        wanted = list(dict.fromkeys(samples(node)))
        found = await self._sampled(wanted, instants) if wanted else []

        def evaluated() -> bytes:
            vectors = {each.sample: each.vector() for each in found}
            return write(_small(evaluating.evaluate(node, vectors, len(instants))))

        return await aside(sum(each.size for each in found), evaluated)

    async def _sampled(self, wanted: Sequence[Sample], instants: Int) -> "list[_Sampled]":
        known = await catalogue.load(self.database, self.principal.workspace_id)
        chosen = {each: known.select(each.matchers) for each in wanted}
        asked = [
            Sliding(
                known.servers[places],
                name,
                known.quantities[name],
                instants - each.offset,
                each.width,
                each.function,
                each.parameter,
            )
            for each in wanted
            for name, places in chosen[each]
        ]
        budget = budget_of(self.principal, self.settings)
        found = iter(await sampling.sample(self.series, self.principal.workspace_id, asked, budget))
        return [
            _Sampled(each, known, chosen[each], [next(found) for _ in chosen[each]], len(instants)) for each in wanted
        ]

    async def _readings(self, of: Range, at: int) -> bytes:
        """The readings of a range as they are."""
        known = await catalogue.load(self.database, self.principal.workspace_id)
        budget, workspace = budget_of(self.principal, self.settings), self.principal.workspace_id
        end = at - of.offset
        labels, ts, values = [], [], []
        for name, places in known.select(of.matchers):
            part = Sliding(known.servers[places], name, known.quantities[name], np.array([end]), of.width, "last")
            for place, instants, found in await sampling.stored(self.series, workspace, part, budget, MOST_VALUES):
                labels.append({NAME: name, **known.labels[places[place]]})
                ts.append((instants // 1000 * 1000).tolist())
                values.append(found)
        return await aside(sum(map(len, ts)), partial(writing.readings, labels, ts, values))


def _small(value: Value) -> Value:
    if isinstance(value, Vector) and (count := int(value.present.sum())) > MOST_VALUES:
        raise CannotEvaluate(
            "The answer has {values} values, more than {limit}; aggregate, use a longer step or a shorter range.",
            values=count,
            limit=MOST_VALUES,
        )
    return value


@dataclass(frozen=True, slots=True)
class _Sampled:
    """What was found for a sample: of each quantity the places of servers (s,), and values (s, t)."""

    sample: Sample
    known: Catalogue
    chosen: Sequence[tuple[str, Int]]
    values: Sequence[Float]
    count: int
    """Instants (t)."""

    @property
    def size(self) -> int:
        return sum(values.size for values in self.values)

    def vector(self) -> Vector:
        """As series. Raises: CannotEvaluate."""
        if not self.values:
            return Vector([], np.empty((0, self.count)), np.empty((0, self.count), np.bool_))
        named = self.sample.keeps_name
        labels = [
            {NAME: name, **self.known.labels[place]} if named else dict(self.known.labels[place])
            for name, places in self.chosen
            for place in places.tolist()
        ]
        values = self.values[0] if len(self.values) == 1 else np.concatenate(self.values)
        vector = Vector(labels, values, ~np.isnan(values)).worth_keeping()
        return vector if named else vector.distinct()


@asynccontextmanager
async def _within(timeout: int | None) -> AsyncIterator[None]:
    seconds = MOST_SECONDS if timeout is None else min(MOST_SECONDS, timeout / 1_000_000)
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TookTooLong(
            "The query took longer than {seconds} s; ask for less, or allow it more time.", seconds=seconds
        ) from None
