"""Answers of `GET /data`: from the cache where history stands still, else from the engine, in the asked form.

The cache (R4) holds answers for ranges that ended CACHE_MARGIN ago, under the history versions of their servers. The
versions are read first, so an entry is never older than its key says; a write into history raises the version in its
own transaction, so an acknowledged reading is in the next answer, whatever Redis does. The same key is the ETag.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from app.auth.principals import Principal
from app.core import crowding, metrics
from app.core.apart import Apart
from app.core.clock import format_microseconds, now
from app.core.copy import Connection
from app.core.db import Database, ReadSession, WriteSession
from app.core.errors import invalid_field
from app.core.redis import Cache
from app.readings import asking, budgets, queries
from app.readings.aggregates.ranks import TooManyValues
from app.readings.asking import Asked
from app.readings.engine import answer, costs, outline
from app.readings.engine.costs import Estimate
from app.readings.engine.outline import Overview
from app.readings.questions import DataQuery
from app.readings.spill import Spill
from app.readings.timing import timed
from app.readings.writers import FORMATS
from app.readings.written import Answer, whole

CACHE_MARGIN = timedelta(minutes=10)
CACHE_SECONDS = 3600
# Larger answers cost Redis more memory than they save PostgreSQL time.
MAX_CACHED_BYTES = 2**20
# A query that takes longer than this shares its turn with few others: each holds a connection and a processor.
HEAVY_SECONDS = 0.3
HEAVY_AT_ONCE = 2
# Rows of an answer that is written as a whole: some MB of JSON. Longer ones are streamed.
ROWS_AT_ONCE = 20_000
# Who waits behind more than these is better told so.
HEAVY_WAITING = 16
REFUSED_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose first bytes are there; `pieces` are all of them."""

    media_type: str
    pieces: AsyncIterator[bytes]
    cursor: str = ""
    """Where the next page begins."""


class Series:
    """The query engine of one process: its database, its cache, and how many heavy queries run at once."""

    def __init__(self, database: Database, cache: Cache, apart: Apart, slow_seconds: float = 0.0) -> None:
        """`apart` computes what is heavy; `slow_seconds`: queries that take longer are logged, 0: none."""
        self.apart = apart
        self.slow_seconds = slow_seconds
        self.database = database
        self._cache = cache
        self._heavy = asyncio.Semaphore(HEAVY_AT_ONCE)
        self._waiting = 0
        self._finishing: set[asyncio.Task[None]] = set()

    async def ask(self, principal: Principal, query: DataQuery) -> "Asking":
        """Resolve a query. Raises: NoSuchServer, Invalid."""
        asked = await asking.ask(self.database, principal.workspace_id, query)
        closed = query.end_time is not None and query.end_time <= now() - CACHE_MARGIN
        key = f"sentinela:query:{principal.workspace_id}:{asked.digest}" if closed else None
        return Asking(self, principal.workspace_id, query, asked, key)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is the caller's turn among what is heavy. Raises: Busy."""
        await self.check_line()
        crowding.leave()
        self._waiting += 1
        metrics.QUERIES_WAITING.inc()
        try:
            await self._heavy.acquire()
        finally:
            self._waiting -= 1
            metrics.QUERIES_WAITING.dec()
        try:
            yield
        finally:
            self._heavy.release()

    async def check_line(self) -> None:
        """Of what is heavy, or may be: refuse it where too many wait already. Raises: Busy."""
        if self._waiting >= HEAVY_WAITING:
            # Its place in the crowd stays taken, or all cores would do nothing but refuse.
            await asyncio.sleep(REFUSED_SECONDS)
            raise crowding.Busy

    def finish(self, task: asyncio.Task[None]) -> None:
        """Let a task whose answer is out end by itself."""
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def cached(self, key: str) -> bytes | None:
        return await self._cache.get(key)

    async def keep(self, key: str, value: bytes) -> None:
        await self._cache.set(key, value, CACHE_SECONDS)


@dataclass(frozen=True, slots=True)
class Asking:
    """A resolved query; `key` names its answer in the cache, None while the range is open."""

    series: Series
    workspace_id: int
    query: DataQuery
    asked: Asked
    key: str | None

    @property
    def etag(self) -> str | None:
        return f'"{self.asked.digest[:32]}"' if self.key else None

    async def explain(self, budget: int) -> dict[str, object]:
        """What would be read, and how long that may take. Raises: TooExpensive."""
        look = partial(self._look, budget)
        seen, cost = await self.series.database.at_once(self.workspace_id, look)
        return {
            "estimate": asdict(cost),
            "budget_seconds": budget,
            "first_reading": _instant(seen.low),
            "last_reading": _instant(seen.high),
            "columns": list(answer.columns(self.asked.question)),
            "cached": bool(self.key and await self.series.cached(self.key)),
        }

    async def reply(self, budget: int, form: str) -> Reply:
        """The answer. Raises: TooExpensive, Busy, Invalid, and what a database that is away raises."""
        media_type = FORMATS[form][0]
        cached = await self.series.cached(self.key) if self.key else None
        metrics.QUERY_CACHE.labels("open" if self.key is None else "miss" if cached is None else "hit").inc()
        if cached is not None:
            metrics.QUERIES.labels("answered").inc()
            cursor, _, body = cached.partition(b"\n")
            return Reply(media_type, _once(body), cursor.decode())
        found = await self._at_once(budget, form)
        if isinstance(found, Reply):
            return found
        if self.query.limit is not None:
            return await self._page(found, form)
        pieces = self._streamed(found, form)
        # The first piece is there before the status goes out: a database that is away is a 503, no broken 200.
        first = await anext(pieces, b"")
        return Reply(media_type, _chain(first, pieces))

    async def _look(self, budget: int, connection: Connection) -> tuple[Overview, Estimate]:
        """What there is, and what the answer costs. Raises: TooExpensive, Invalid."""
        seen = await outline.overview(connection, self.asked.question)
        return seen, budgets.check(self.query, self.asked.question, seen, budget)

    async def _at_once(self, budget: int, form: str) -> Reply | Estimate:
        """The answer, found and written in one thread; what it costs where that would take long, or much memory."""
        question = self.asked.question

        async def written(connection: Connection) -> tuple[bytes, str] | Estimate:
            seen, cost = await self._look(budget, connection)
            if cost.seconds > HEAVY_SECONDS or cost.rows > ROWS_AT_ONCE:
                timing.pass_on()
                return cost
            timing.expect(cost)
            async with aclosing(answer.pieces(connection, question, seen)) as pieces:
                return await whole(pieces, self.asked, self.query, form)

        with timed(question, self.series.slow_seconds) as timing, _refusing():
            if costs.at_most(question) > HEAVY_SECONDS:
                # Looking at what there is costs some 20 ms of CPU.
                await self.series.check_line()
            found = await self.series.database.at_once(self.workspace_id, written)
        return found if isinstance(found, Estimate) else await self._kept_reply(*found, form)

    async def _page(self, cost: Estimate, form: str) -> Reply:
        async with aclosing(self._parts(cost, form)) as parts:
            cursor, _, body = b"".join([part async for part in parts]).partition(b"\n")
        return await self._kept_reply(body, cursor.decode(), form)

    async def _kept_reply(self, body: bytes, cursor: str, form: str) -> Reply:
        await self._keep([cursor.encode(), b"\n", body])
        return Reply(FORMATS[form][0], _once(body), cursor)

    async def _streamed(self, cost: Estimate, form: str) -> AsyncGenerator[bytes]:
        spill = Spill()
        task = asyncio.create_task(self._produce(spill, cost, form))
        try:
            async for part in spill.read():
                yield part
        finally:
            if spill.is_over:
                self.series.finish(task)
            else:
                task.cancel()
                await asyncio.wait([task])
            spill.close()

    async def _produce(self, spill: Spill, cost: Estimate, form: str) -> None:
        """Write the answer as fast as it is found, whatever the client's speed."""
        kept: list[bytes] | None = [b"\n"] if self.key else None
        if answer.may_fail(self.asked.question, cost.readings):
            spill.hold()
        try:
            async with aclosing(self._parts(cost, form)) as parts:
                async for part in parts:
                    kept = _kept(kept, part)
                    await spill.put(part)
            await self._keep(kept)
            spill.end()
        except Exception as error:
            spill.end(error)

    async def _parts(self, cost: Estimate, form: str) -> AsyncGenerator[bytes]:
        """The answer's bytes, made here or, of a heavy question when it is its turn, in a process of its own."""
        work = Answer(self.workspace_id, self.asked, self.query, form)
        heavy = cost.seconds > HEAVY_SECONDS
        with timed(self.asked.question, self.series.slow_seconds) as timing, _refusing():
            async with self.series.turn() if heavy else nullcontext():
                timing.expect(cost)
                made = self.series.apart.run(work) if heavy else work.parts(self.series.database)
                async with aclosing(made) as parts:
                    async for part in parts:
                        yield part

    async def _keep(self, parts: Sequence[bytes] | None) -> None:
        if self.key and parts is not None and sum(map(len, parts)) <= MAX_CACHED_BYTES:
            await self.series.keep(self.key, b"".join(parts))


async def custom_quantities(session: ReadSession | WriteSession, workspace_id: int) -> Sequence[str]:
    """The workspace's quantities beyond the known ones, in the order in which they were first sent."""
    return (await session.scalars(queries.custom_quantities(workspace_id))).all()


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except TooManyValues:
        message = "Too many different values for exact percentiles; use a shorter interval or range"
        raise invalid_field(("query", "function"), message, "too_many_values") from None


def _instant(ts: int | None) -> str | None:
    return None if ts is None else format_microseconds(ts)


def _kept(kept: list[bytes] | None, piece: bytes) -> list[bytes] | None:
    if kept is None or sum(map(len, kept)) + len(piece) > MAX_CACHED_BYTES:
        return None
    return [*kept, piece]


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
