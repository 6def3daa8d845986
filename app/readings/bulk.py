"""Requests with a transaction of their own: large ones, all-or-nothing ones, and those with an Idempotency-Key."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from app.core.copy import Connection, WriterConnection
from app.core.db import Database
from app.presence.service import Arrivals
from app.readings import hot, straight
from app.readings.aside import aside
from app.readings.errors import Overloaded
from app.readings.merging import Merged
from app.readings.packing import pack_rows
from app.readings.rows import Rows
from app.readings.sent import Pairs, SentQuantities
from app.readings.waiting import Counts, counts, measure
from app.readings.witness import Part, Witness

# Two keep PostgreSQL's two busiest cores at work: one copies while the other's rows are decoded.
CONNECTIONS = 2
# Each waits with its body on disk; past this a client had better come back later.
MAX_WAITING = 64
# History is held back until so much of it has come, some 12 MB, so that a segment is not rewritten for every chunk.
HELD_ROWS = 200_000


class Bulk:
    """The connections of one process for such requests."""

    def __init__(
        self,
        database: Database,
        arrivals: Arrivals,
        lag: timedelta,
        sent: SentQuantities | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Hours that ended longer than `lag` ago are history."""
        self._sent = sent or SentQuantities()
        self._witness = witness
        self._writers = [hot.writer_for(database) for _ in range(CONNECTIONS)]
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._waiting = 0
        self._arrivals = arrivals
        self._lag = lag

    def first_hot(self) -> int:
        """Readings before this instant, microseconds since 1970, are history."""
        return straight.first_hot(self._lag)

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
        self._held: list[Rows] = []
        self._locks = 0

    async def store(self, rows: Rows, packed: bytes) -> Merged | None:
        """Store a part as hot rows; None: every reading was new."""
        merged = await hot.store(self.connection, rows, packed)
        self.total += counts(merged, len(rows))
        await self._note([rows], merged)
        return merged

    async def add(self, part: "ReadyPart") -> None:
        """Store a part: history in segments, sooner or later in this transaction, the rest as hot rows."""
        if len(part.young):
            await self.store(part.young, part.packed)
        if len(part.old):
            self._held.append(part.old)
            if sum(map(len, self._held)) >= HELD_ROWS:
                await self.settle()

    async def settle(self) -> Counts:
        """Store what is held back; what became of all so far."""
        if self._held:
            held, self._held = self._held, []
            folded, locks = await straight.fold_dense(self.connection, held, straight.MAX_CELLS - self._locks)
            await self._note(held, None)
            self.total += folded
            self._locks += locks
        return self.total

    async def _note(self, stored: Sequence[Rows], merged: Merged | None) -> None:
        """Look through parts that were stored; `merged` is what became of the only one."""
        for rows in stored:
            part, servers, old = await aside(len(rows), lambda rows=rows: _seen(rows, merged))  # type: ignore[misc]
            self.parts.append(part)
            self.heard.update(servers)
            self._old.update(old)
            self.fresh |= self._sent.fresh_of(rows, servers)

    async def finish(self, arrivals: Arrivals) -> list[int]:
        """Write what goes with the readings; the servers that were silent before."""
        await self.settle()
        await hot.raise_history_versions(self.connection, sorted(self._old))
        await self._sent.write(self.connection, self.fresh)
        returning = arrivals.returning(self.heard)
        if returning:
            await arrivals.write_now(self.connection, returning)
        return returning


def _seen(rows: Rows, merged: Merged | None) -> tuple[Part, list[int], list[int]]:
    """What is kept of them, their servers, and those of them whose history they change."""
    return Part(rows, merged), np.unique(rows.server).tolist(), hot.servers_with_history(rows)


@dataclass(frozen=True, slots=True)
class ReadyPart:
    """Readings of a request, made ready: history, and the others, packed too."""

    old: Rows
    young: Rows
    packed: bytes


def ready_part(rows: Rows, first_hot: int) -> ReadyPart:
    """A part with the readings before this instant as history."""
    old, young = straight.divide(rows, first_hot)
    return ReadyPart(old, young, pack_rows(young) if len(young) else b"")
