"""Group commit: concurrent requests share transactions, and each waits for the commit of its own (W1, W2, W4, W5).

While one batch commits the next one gathers; the next goes as soon as the last commit is back. A timer that waits
for more readings was measured: 1 ms cost 6 % and 3 ms cost 28 % of the rate, so there is none.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence

import numpy as np
import psycopg
import structlog

from app.core import metrics, tracing
from app.core.copy import Connection, WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.core.text import first_line
from app.presence.service import Arrivals
from app.readings import hot
from app.readings.aside import aside
from app.readings.errors import Overloaded
from app.readings.merging import Merged
from app.readings.packing import pack_reading, pack_rows
from app.readings.rows import Reading, Rows
from app.readings.sent import Pairs, SentQuantities
from app.readings.waiting import Counts, Many, One, Stored, Waiting, counts, gather, measure
from app.readings.witness import Witness

# A batch of this size commits in some 50 ms; a larger one would make those behind it wait longer.
MAX_BATCH = 20_000
FLUSH_SECONDS = 1.0
# A broken connection or a deadlock is tried once more, on a new connection: a second failure is an outage.
TRANSIENT = (psycopg.OperationalError, psycopg.InterfaceError)

log = structlog.get_logger()


class GroupCommit:
    """The write path of one process."""

    def __init__(
        self,
        database: Database,
        backlog_limit: int,
        arrivals: Arrivals,
        sent: SentQuantities | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._sent = sent or SentQuantities()
        self._witness = witness
        self._writer = hot.writer_for(database)
        self._presence_writer = WriterConnection(database)
        self._arrivals = arrivals
        self._limit = backlog_limit
        self._queue: deque[Waiting] = deque()
        self._backlog = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._stopped = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        # Kept: until Python 3.12 asking for the running loop is a system call, a fifth of the CPU time of a reading.
        self._loop = asyncio.get_running_loop()
        metrics.BACKLOG_LIMIT.set(self._limit)
        self._tasks = [asyncio.create_task(self._commit_for_ever()), asyncio.create_task(self._flush_for_ever())]

    async def close(self) -> None:
        """Commit what was accepted, write the last arrivals, close the connections."""
        self._closing = True
        self._wake.set()
        self._stopped.set()
        await asyncio.gather(*self._tasks)
        await self._writer.close()
        await self._presence_writer.close()

    def submit(self, reading: Reading) -> "asyncio.Future[Stored]":
        """Done when the reading is on disk. Raises: Overloaded past the backlog's bound."""
        answer: asyncio.Future[Stored] = self._loop.create_future()
        self._enqueue(One(reading, pack_reading(reading), answer))
        return answer

    def submit_rows(self, rows: Rows) -> "asyncio.Future[Counts]":
        """Done when these readings, at least one, are on disk. Raises: Overloaded past the backlog's bound."""
        answer: asyncio.Future[Counts] = self._loop.create_future()
        self._enqueue(Many(rows, answer))
        return answer

    def _enqueue(self, waiting: Waiting) -> None:
        if self._backlog and self._backlog + len(waiting) > self._limit:
            raise Overloaded("More readings are waiting than {limit}; send again after a moment.", limit=self._limit)
        self._queue.append(waiting)
        self._backlog += len(waiting)
        if not self._wake.is_set():
            self._wake.set()

    async def _commit_for_ever(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            group = self._take()
            metrics.BACKLOG.set(self._backlog)
            await self._commit_group(group)
            self._backlog -= sum(map(len, group))
            metrics.BACKLOG.set(self._backlog)

    def _take(self) -> list[Waiting]:
        """Whole requests up to MAX_BATCH readings, at least one."""
        group = [self._queue.popleft()]
        size = len(group[0])
        while self._queue and size + len(self._queue[0]) <= MAX_BATCH:
            group.append(self._queue.popleft())
            size += len(group[-1])
        return group

    async def _commit_group(self, group: list[Waiting]) -> None:
        try:
            # With traces off that is one look a group, not a request.
            with tracing.group_commit([waiting.answer for waiting in group] if tracing.ON else ()):
                merged = await self._commit(group)
        except Exception as error:
            await self._commit_one_by_one(group, error)
            return
        position = 0
        for waiting in group:
            waiting.settle(merged, position)
            position += len(waiting)

    async def _commit_one_by_one(self, group: list[Waiting], error: Exception) -> None:
        """A failed batch answers only the request that failed it (W4); an outage answers all at once."""
        metrics.COMMIT_FAILURES.inc()
        if len(group) == 1 or _is_outage(error):
            for waiting in group:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        log.warning("batch_failed", error=str(error), requests=len(group))
        for waiting in group:
            await self._commit_group([waiting])

    async def _commit(self, group: list[Waiting]) -> Merged | None:
        """Write a group; None: every reading was new."""
        started = time.perf_counter()
        heard, old, fresh = _look_through(group, self._sent)
        returning = self._arrivals.returning(heard)

        async def also(connection: Connection) -> None:
            await hot.raise_history_versions(connection, old)
            await self._sent.write(connection, fresh)
            if returning:
                await self._arrivals.write_now(connection, returning)

        extra = also if old or returning or fresh else None
        try:
            merged = await self._write(group, extra)
        except TRANSIENT as error:
            if not _is_outage(error):
                raise
            merged = await self._write(group, extra)
        self._arrivals.note(heard, returning)
        self._sent.remember(fresh)
        if self._witness:
            self._witness.note(group, merged)
        measure(counts(merged, sum(map(len, group))), time.perf_counter() - started)
        return merged

    async def _write(self, group: list[Waiting], also: hot.AlsoWrite | None) -> Merged | None:
        try:
            await hot.insert(self._writer, await _pack(group), also)
            return None
        except psycopg.errors.UniqueViolation:
            return await hot.upsert(self._writer, gather(group), also)

    async def _flush_for_ever(self) -> None:
        while True:
            closing = self._closing
            try:
                await self._arrivals.flush(self._presence_writer)
            except (psycopg.Error, *UNAVAILABLE) as error:
                log.warning("presence_not_written", error=first_line(error))
            if closing:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), FLUSH_SECONDS)


def _look_through(group: Sequence[Waiting], sent: SentQuantities) -> tuple[set[int], list[int], Pairs]:
    """Who is heard in a group, whose history changes, ascending, and who sends a quantity for the first time."""
    heard: set[int] = set()
    old: set[int] = set()
    fresh: Pairs = set()
    limit = hot.history_limit()
    for waiting in group:
        if isinstance(waiting, One):
            server_id, ts, values = waiting.reading
            heard.add(server_id)
            if ts < limit:
                old.add(server_id)
            if not sent.knows(server_id, values):
                fresh.update((server_id, name) for name in values)
        else:
            servers = np.unique(waiting.rows.server).tolist()
            heard.update(servers)
            old.update(hot.servers_with_history(waiting.rows))
            fresh |= sent.fresh_of(waiting.rows, servers)
    return heard, sorted(old), fresh


async def _pack(group: Sequence[Waiting]) -> bytes:
    """The rows of a group in key order."""
    singles = [waiting.packed for waiting in group if isinstance(waiting, One)]
    if len(singles) == len(group):
        return b"".join(sorted(singles))
    rows = gather(group)
    return await aside(len(rows), lambda: pack_rows(rows))


def _is_outage(error: Exception) -> bool:
    # Somebody else's long transaction holds one of the instants: the others need not wait for it.
    return isinstance(error, TRANSIENT) and not isinstance(error, psycopg.errors.LockNotAvailable)
