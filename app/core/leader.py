"""One of several processes leads, by a lock of PostgreSQL's that belongs to the leader's connection.

The leader works on that very connection: whoever has lost the lock has lost the connection, and can write nothing
more. A leader that freezes leaves its connection idle, and PostgreSQL closes it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import LiteralString

import psycopg
import structlog
from sqlalchemy.exc import ProgrammingError

from app.core.copy import Connection
from app.core.db import UNAVAILABLE, Database
from app.core.text import first_line

# A standby asks each second; PostgreSQL ends a leader that shows no life for three. Together below the five seconds in
# which a standby takes over, whatever befell the leader.
STANDBY_SECONDS = 1.0
_IDLE_LIMITS: LiteralString = "SET idle_session_timeout = '3s'; SET idle_in_transaction_session_timeout = '3s'"
_TRY_LOCK: LiteralString = "SELECT pg_try_advisory_lock(%s)"
# What a schema lacks that is not migrated yet, or not to this version.
_NOT_THERE = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedObject)

log = structlog.get_logger()


async def lead(
    database: Database, lock: int, work: Callable[[Connection], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Run `work` while this process leads, until `stop`; `work` says something on its connection each two seconds.

    While the database is away, or its schema is not there yet or older, it tries again each second.
    """
    while not stop.is_set():
        try:
            await _lead_once(database, lock, work, stop)
        except (*UNAVAILABLE, psycopg.errors.IdleInTransactionSessionTimeout) as error:
            log.warning("leader_waits_for_database", reason=first_line(error))
        except (psycopg.ProgrammingError, ProgrammingError) as error:
            if not isinstance(getattr(error, "orig", error), _NOT_THERE):
                raise
            log.info("leader_waits_for_schema")
        await pause(stop, STANDBY_SECONDS)


async def stay(connection: Connection) -> None:
    """Say something on the leader's connection between two pieces of work that do not."""
    await connection.execute("SELECT")


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not beyond the stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _lead_once(
    database: Database, lock: int, work: Callable[[Connection], Awaitable[None]], stop: asyncio.Event
) -> None:
    connection = await database.connect()
    try:
        await connection.execute(_IDLE_LIMITS)
        stands_by = False
        while not stop.is_set():
            row = await (await connection.execute(_TRY_LOCK, (lock,))).fetchone()
            if row and row[0]:
                log.info("leading")
                await work(connection)
                return
            if not stands_by:
                log.info("standing_by")
                stands_by = True
            await pause(stop, STANDBY_SECONDS)
    finally:
        await connection.close()
