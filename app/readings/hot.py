"""Hot readings: writing a batch of them in one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import psycopg

from app.core.clock import now
from app.core.copy import Connection, WriterConnection, copy_rows
from app.core.db import Database
from app.readings import queries
from app.readings.quantities import NAMES, Values, merge
from app.readings.schemas import Reading

TYPES = ("int4", "timestamptz", *("float8" for _ in NAMES))
# A write to history this old raises the server's version. The cache trusts ranges that ended ten minutes ago, so five
# minutes are left for a slow commit and for clocks that differ between machines.
HISTORY_AGE = timedelta(minutes=5)

Key = tuple[int, datetime]


class Outcome(StrEnum):
    """What became of a reading."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


class Batch:
    """Readings folded to one row an instant, and what became of each, given what was stored before."""

    def __init__(self, readings: Sequence[Reading], stored: dict[Key, Values] | None = None) -> None:
        known = stored or {}
        self.sent: dict[Key, Values] = {}
        self.final: dict[Key, Values] = {}
        self.outcomes: list[Outcome] = []
        for reading in readings:
            key = (reading.server_id, reading.ts)
            before = self.final.get(key, known.get(key))
            after = merge(before, reading.values) if before else reading.values
            self.outcomes.append(_outcome(before, after))
            self.final[key] = after
            self.sent[key] = merge(self.sent[key], reading.values) if key in self.sent else reading.values

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows to write, in the order of their key: two processes lock the same rows in the same order."""
        return [(*key, *self.sent[key]) for key in sorted(self.sent)]

    def servers_with_history(self) -> list[int]:
        """Servers whose cached history this batch changes, ascending."""
        limit = now() - HISTORY_AGE
        return sorted({server_id for server_id, ts in self.sent if ts < limit})


AlsoWrite = Callable[[Connection, Batch], Awaitable[None]]
"""More to write in the transaction of a batch."""


def writer_for(database: Database) -> WriterConnection:
    """A connection that `write` can use."""
    return WriterConnection(database, queries.CREATE_STAGING)


async def write(writer: WriterConnection, readings: Sequence[Reading], also: AlsoWrite) -> Batch:
    """Store readings in one transaction, together with what `also` writes.

    Straight by COPY, for nearly every reading is new; only when an instant is known already, once more through the
    staging table with the merge (invariant W3).
    """
    try:
        async with writer.transaction() as connection:
            return await _finish(connection, await _copy(connection, readings), also)
    except psycopg.errors.UniqueViolation:
        async with writer.transaction() as connection:
            return await _finish(connection, await _merge(connection, readings), also)


async def _copy(connection: Connection, readings: Sequence[Reading]) -> Batch:
    batch = Batch(readings)
    await copy_rows(connection, queries.COPY_READINGS, TYPES, batch.rows())
    return batch


async def _merge(connection: Connection, readings: Sequence[Reading]) -> Batch:
    await connection.execute(queries.PLAN_BY_KEY)
    await copy_rows(connection, queries.COPY_STAGING, TYPES, Batch(readings).rows())
    cursor = await connection.execute(queries.SELECT_STORED)
    stored = {(row[0], row[1]): tuple(row[2:]) for row in await cursor.fetchall()}
    await connection.execute(queries.MERGE_STAGING)
    return Batch(readings, stored)


async def _finish(connection: Connection, batch: Batch, also: AlsoWrite) -> Batch:
    changed = batch.servers_with_history()
    if changed:
        await connection.execute(queries.RAISE_HISTORY_VERSIONS, (changed,))
    await also(connection, batch)
    return batch


def _outcome(before: Values | None, after: Values) -> Outcome:
    if before is None:
        return Outcome.ACCEPTED
    return Outcome.DUPLICATE if before == after else Outcome.UPDATED
