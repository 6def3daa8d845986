"""Hot readings: writing a batch of them.

Nearly every reading is new, so a batch goes straight into the table by COPY; only when an instant is known already,
once more through a staging table with the merge of invariant W3.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
import psycopg

from app.core import db
from app.core.copy import Connection, WriterConnection, copy_in, copy_out
from app.core.db import Database
from app.core.nature import is_spread
from app.readings import queries, spread_queries
from app.readings.aside import aside
from app.readings.merging import Merged, merge
from app.readings.packing import pack_rows, unpack_keys_and_values
from app.readings.quantities import NAMES
from app.readings.rows import EMPTY, Rows

# A write to history this old raises the server's version. The cache trusts ranges that ended ten minutes ago, so five
# minutes are left for a slow commit and for clocks that differ between machines.
HISTORY_AGE_MICROSECONDS = 5 * 60 * 1_000_000

AlsoWrite = Callable[[Connection], Awaitable[None]]
"""More to write in the transaction of a batch."""


def writer_for(database: Database) -> WriterConnection:
    """A connection that this module can write through."""
    return WriterConnection(database, queries.CREATE_STAGING)


def history_limit() -> int:
    """Readings before this, microseconds since 1970, change history."""
    return time.time_ns() // 1000 - HISTORY_AGE_MICROSECONDS


async def insert(writer: WriterConnection, packed: bytes, also: AlsoWrite | None = None) -> None:
    """Store new readings, packed and in key order, together with what `also` writes.

    Raises: psycopg.errors.UniqueViolation when one of the instants is known; nothing is stored then.
    """
    if also is None:
        async with writer.statement() as connection:
            await _copy_new(connection, packed)
        return
    async with writer.transaction() as connection:
        await _copy_new(connection, packed)
        await also(connection)


async def upsert(writer: WriterConnection, rows: Rows, also: AlsoWrite | None = None) -> Merged:
    """Merge readings into what is stored, in one transaction together with what `also` writes."""
    async with writer.transaction() as connection:
        merged = await _merge(connection, rows)
        if also is not None:
            await also(connection)
    return merged


async def store(connection: Connection, rows: Rows, packed: bytes) -> Merged | None:
    """Store a part of a batch, packed already, within the caller's transaction; None: every reading was new."""
    try:
        async with db.transaction(connection):
            await _copy_new(connection, packed)
        return None
    except psycopg.errors.UniqueViolation:
        return await _merge(connection, rows)


def servers_with_history(rows: Rows) -> list[int]:
    """Servers whose cached history these readings change, ascending."""
    old: list[int] = np.unique(rows.server[rows.ts < history_limit()]).tolist()
    return old


async def raise_history_versions(connection: Connection, server_ids: Sequence[int]) -> None:
    """Tell the query cache that the history of these servers, ascending, has changed."""
    if server_ids:
        await connection.execute(queries.RAISE_HISTORY_VERSIONS, (server_ids,))


async def _copy_new(connection: Connection, packed: bytes) -> None:
    """Raises: psycopg.errors.UniqueViolation."""
    try:
        await copy_in(connection, queries.COPY_READINGS, packed)
    except psycopg.errors.InternalError_ as error:
        # So Citus hands on whatever one of its nodes says of a COPY; the merge fails, too, where it is something else.
        if not is_spread(connection):
            raise
        raise psycopg.errors.UniqueViolation(str(error)) from error


async def _merge(connection: Connection, incoming: Rows) -> Merged:
    await connection.execute(queries.CLEAR_STAGING)
    count, packed = await aside(len(incoming), lambda: _each_once(incoming))
    await copy_in(connection, queries.COPY_STAGING, packed)
    stored = await _insert_new(connection, count)
    if len(stored):
        await connection.execute(queries.UPDATE_STORED)
    return await aside(len(incoming), lambda: merge(stored, incoming))


def _each_once(incoming: Rows) -> tuple[int, bytes]:
    """How many instants these readings are of, and the last state of each, packed."""
    final = merge(EMPTY, incoming).final
    return len(final), pack_rows(final)


async def _insert_new(connection: Connection, count: int) -> Rows:
    """Insert what is new of the staged readings; the others, locked, as they stand."""
    while True:
        await connection.execute(queries.PLAN_BY_HASH)
        inserted = await connection.execute(queries.INSERT_NEW)
        count -= inserted.rowcount
        if not count:
            return EMPTY
        await connection.execute(queries.PLAN_BY_KEY)
        stored = await _lock_stored(connection)
        # One that was deleted between the two statements is new after all.
        if len(stored) == count:
            return await _with_extras(connection, stored)


async def _lock_stored(connection: Connection) -> Rows:
    """What is stored of the staged instants, kept to this transaction; in key order, without custom quantities."""
    if not is_spread(connection):
        return unpack_keys_and_values(await copy_out(connection, queries.COPY_STORED))
    staged = await (await connection.execute(spread_queries.SELECT_STAGED)).fetchall()
    found: list[tuple[Any, ...]] = []
    async with connection.pipeline():
        cursors = [await connection.execute(spread_queries.SELECT_STORED_OF_ONE, each) for each in staged]
        for cursor in cursors:
            found += await cursor.fetchall()
    columns = np.array(found, np.float64).reshape(-1, 2 + len(NAMES)).T
    server, ts = (np.array([row[place] for row in found], np.int64) for place in (0, 1))
    return Rows(server, ts, dict(zip(NAMES, columns[2:], strict=True)))


async def _with_extras(connection: Connection, stored: Rows) -> Rows:
    """The custom quantities beside the known ones."""
    cursor = await connection.execute(queries.SELECT_STORED_EXTRAS)
    extras = {(server_id, ts): extra for server_id, ts, extra in await cursor.fetchall()}
    names = dict.fromkeys(name for extra in extras.values() for name in extra)
    keys = list(zip(stored.server.tolist(), stored.ts.tolist(), strict=True)) if names else []
    custom = {name: np.array([extras.get(key, {}).get(name, np.nan) for key in keys]) for name in names}
    return Rows(stored.server, stored.ts, {**{name: stored.values[name] for name in NAMES}, **custom})
