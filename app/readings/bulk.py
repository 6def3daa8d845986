"""Requests with a transaction of their own: large ones, all-or-nothing ones, and those with an Idempotency-Key."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from app.core.copy import Connection, WriterConnection
from app.core.db import Database
from app.presence.service import Arrivals
from app.readings import hot
from app.readings.errors import Overloaded
from app.readings.merging import Merged
from app.readings.rows import Rows
from app.readings.sent import Pairs, SentQuantities
from app.readings.waiting import Counts, counts, measure
from app.readings.witness import Part, Witness

# Two keep PostgreSQL's two busiest cores at work: one copies while the other's rows are decoded.
CONNECTIONS = 2
# Each waits with its body on disk; past this a client had better come back later.
MAX_WAITING = 64
# Summing up so many rows takes 1 ms; more would keep the event loop waiting.
INLINE_ROWS = 4000


class Bulk:
    """The connections of one process for such requests."""

    def __init__(
        self, database: Database, arrivals: Arrivals, sent: SentQuantities | None = None, witness: Witness | None = None
    ) -> None:
        self._sent = sent or SentQuantities()
        self._witness = witness
        self._writers = [hot.writer_for(database) for _ in range(CONNECTIONS)]
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._waiting = 0
        self._arrivals = arrivals

    async def close(self) -> None:
        for writer in self._writers:
            await writer.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["BulkTransaction"]:
        """Committed at the end of the block, rolled back when it raises. Raises: Overloaded."""
        if self._waiting >= MAX_WAITING:
            raise Overloaded("More than {limit} large requests are waiting; send again later.", limit=MAX_WAITING)
        self._waiting += 1
        try:
            async with self._free:
                writer = self._writers.pop()
                try:
                    async with self._run(writer) as transaction:
                        yield transaction
                finally:
                    self._writers.append(writer)
        finally:
            self._waiting -= 1

    @asynccontextmanager
    async def _run(self, writer: WriterConnection) -> AsyncIterator["BulkTransaction"]:
        started = time.perf_counter()
        async with writer.transaction() as connection:
            transaction = BulkTransaction(connection, self._sent)
            yield transaction
            returning = await transaction.finish(self._arrivals)
        self._arrivals.note(transaction.heard, returning)
        self._sent.remember(transaction.fresh)
        if self._witness:
            self._witness.note_parts(transaction.parts)
        measure(transaction.total, time.perf_counter() - started)


class BulkTransaction:
    """One request's transaction, and what was stored in it so far."""

    def __init__(self, connection: Connection, sent: SentQuantities) -> None:
        self.connection = connection
        self.fresh: Pairs = set()
        self._sent = sent
        self.heard: set[int] = set()
        self.total = Counts()
        self.parts: list[Part] = []
        self._old: set[int] = set()

    async def store(self, rows: Rows, packed: bytes) -> Merged | None:
        """Store a part; None: every reading was new."""
        merged = await hot.store(self.connection, rows, packed)
        servers = np.unique(rows.server).tolist()
        self.heard.update(servers)
        self.fresh |= self._sent.fresh_of(rows, servers)
        self._old.update(hot.servers_with_history(rows))
        self.total += counts(merged, len(rows))
        self.parts.append(await _part(rows, merged))
        return merged

    async def finish(self, arrivals: Arrivals) -> list[int]:
        """Write what goes with the readings; the servers that were silent before."""
        await hot.raise_history_versions(self.connection, sorted(self._old))
        await self._sent.write(self.connection, self.fresh)
        returning = arrivals.returning(self.heard)
        if returning:
            await arrivals.write_now(self.connection, returning)
        return returning


async def _part(rows: Rows, merged: Merged | None) -> Part:
    return Part(rows, merged) if len(rows) <= INLINE_ROWS else await asyncio.to_thread(Part, rows, merged)
