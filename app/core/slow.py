"""Statements that took long: a line each, without their values, and now and then the plan that PostgreSQL makes.

A cursor of psycopg's measures, so that SQLAlchemy's statements and our own are seen alike. COPY is not: how long it
takes is mostly its sender's business.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
import structlog

from app.core import metrics
from app.core.text import first_line

# A plan costs a connection and some milliseconds: one at a time, and of each statement again after so long.
PLAN_AGAIN_SECONDS = 600.0
# Statements are written by us and few; whatever builds them in masses makes the book begin anew.
MAX_PLANNED = 500
MAX_TEXT = 2000
# EXPLAIN of a statement whose values it does not know: nothing of a value can stand in the plan.
_EXPLAIN: LiteralString = "EXPLAIN (GENERIC_PLAN, FORMAT TEXT) "
_GENERIC_PLANS_SINCE = 160_000
_PLANNABLE = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")

log = structlog.get_logger("database")

Connect = Callable[[], Awaitable["psycopg.AsyncConnection[Any]"]]


class Slow:
    """The slow statements of one process."""

    def __init__(self, limit_seconds: float, connect: Connect) -> None:
        """0: none is slow. `connect` opens a connection for a plan."""
        self._limit = limit_seconds
        self._connect = connect
        self._planned: dict[str, float] = {}
        self._planning: asyncio.Task[None] | None = None
        self.cursor = _timed(limit_seconds, self.note) if limit_seconds else psycopg.AsyncCursor

    def cursor_in_threads(self, loop: asyncio.AbstractEventLoop) -> type[psycopg.Cursor[Any]]:
        """The same for connections that threads use; what they find is told in this loop."""
        if not self._limit:
            return psycopg.Cursor
        return _timed_in_threads(self._limit, lambda *found: loop.call_soon_threadsafe(self.note, *found))

    def note(self, statement: str, seconds: float, rows: int) -> None:
        """A statement, with `$1` for its values, took longer than the limit."""
        metrics.SLOW_STATEMENTS.inc()
        text = " ".join(statement.split())[:MAX_TEXT]
        log.warning("slow_statement", milliseconds=round(seconds * 1000, 1), rows=rows, statement=text)
        if self._may_plan(statement):
            self._planning = asyncio.get_running_loop().create_task(self._plan(statement, text))

    def _may_plan(self, statement: str) -> bool:
        moment = time.monotonic()
        if self._planning is not None and not self._planning.done():
            return False
        if moment < self._planned.get(statement, 0.0) or not statement.lstrip().upper().startswith(_PLANNABLE):
            return False
        if len(self._planned) >= MAX_PLANNED:
            self._planned.clear()
        self._planned[statement] = moment + PLAN_AGAIN_SECONDS
        return True

    async def _plan(self, statement: str, text: str) -> None:
        try:
            connection = await self._connect()
            try:
                lines = await _explain(connection, statement)
            finally:
                await connection.close()
        # A plan is a help: a statement that cannot be planned without its values, or a database that is away, has none.
        except psycopg.Error as error:
            log.info("slow_statement_without_plan", statement=text, reason=first_line(error))
            return
        if lines:
            log.warning("slow_statement_plan", statement=text, plan=lines)


async def _explain(connection: "psycopg.AsyncConnection[Any]", statement: str) -> list[str]:
    if connection.info.server_version < _GENERIC_PLANS_SINCE:
        return []
    # Without parameters psycopg leaves `$1` and `%` alone.
    cursor = await connection.execute(_EXPLAIN + statement)
    return [row[0] for row in await cursor.fetchall()]


Note = Callable[[str, float, int], object]


def _timed(limit_seconds: float, note: Note) -> type[psycopg.AsyncCursor[Any]]:
    class TimedCursor(psycopg.AsyncCursor[Any]):
        """A cursor that tells of a statement that took long, whether it succeeded or not."""

        async def execute(self, *arguments: Any, **options: Any) -> "TimedCursor":
            with _watched(self, limit_seconds, note):
                return await super().execute(*arguments, **options)

    return TimedCursor


def _timed_in_threads(limit_seconds: float, note: Note) -> type[psycopg.Cursor[Any]]:
    class TimedCursor(psycopg.Cursor[Any]):
        """The same for threads."""

        def execute(self, *arguments: Any, **options: Any) -> "TimedCursor":
            with _watched(self, limit_seconds, note):
                return super().execute(*arguments, **options)

    return TimedCursor


@contextmanager
def _watched(
    cursor: "psycopg.AsyncCursor[Any] | psycopg.Cursor[Any]", limit_seconds: float, note: Note
) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        if seconds >= limit_seconds and cursor._query is not None:
            note(cursor._query.query.decode(errors="replace"), seconds, cursor.rowcount)
