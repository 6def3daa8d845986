"""PostgreSQL: the engine, and the only place that opens and commits transactions.

Every transaction runs as one of two roles. `sentinela_reader` may only read, under row-level security of the
transaction's workspace; `sentinela_writer` reads and writes rows without it, because COPY FROM refuses tables with
row-level security. Where the given user may not create roles, both stand for that user.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import psycopg
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, SessionTransaction
from sqlalchemy.pool import Pool

from app.core import metrics
from app.core.database_address import CONNECT_TIMEOUT_SECONDS, configured_url
from app.core.settings import Settings
from app.core.slow import Slow

Role = Literal["sentinela_reader", "sentinela_writer"]

# A statement that runs longer holds a snapshot that autovacuum waits for; a lock waited for longer is a stuck peer.
CONNECTION_OPTIONS = (
    "-c timezone=UTC -c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
)
# psycopg prepares a statement after so many runs; the routes' statements are few and hot.
PREPARE_AFTER = 3

UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)

# One round trip. Compiling a statement of the read path takes longer than what is compiled would run: half a second for
# a fleet of 10,000.
_BEGIN = """
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL ROLE {role}; SET LOCAL sentinela.workspace = '{workspace}'; SET LOCAL jit = off
"""
# What one statement may take. A reader's is one step of a query, which has a budget of its own; whoever writes holds
# locks that others wait for. Bulk work has connections of its own (`connect`), with the limit above.
STATEMENT_TIMEOUTS: dict[Role, str] = {"sentinela_reader": "60s", "sentinela_writer": "30s"}
_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('sentinela.workspace', :workspace, true), "
    "set_config('statement_timeout', :timeout, true)"
)
# PostgreSQL 16 tells being a member from being allowed to SET ROLE; 15 knows only the first.
_HAS_ROLES = """
    SELECT count(*) = 2 FROM pg_roles
    WHERE rolname IN ('sentinela_reader', 'sentinela_writer') AND has_table_privilege(oid, 'reading', 'SELECT')
      AND CASE WHEN current_setting('server_version_num')::int >= 160000 THEN pg_has_role(current_user, oid, 'SET')
               ELSE pg_has_role(current_user, oid, 'MEMBER') END
      AND EXISTS (SELECT FROM pg_class WHERE oid = 'reading'::regclass AND relowner = 'sentinela_writer'::regrole)
"""


class Table(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Base of every mapped class."""


class ReadSession(AsyncSession):
    """A session that can only read, and only its workspace's rows."""


class WriteSession(AsyncSession):
    """A session that reads and writes; its caller checks the workspace."""


class Database:
    """The pool of one process."""

    def __init__(self, settings: Settings) -> None:
        self._url = configured_url(settings)
        self._slow = Slow(settings.slow_query_ms / 1000, self.connect)
        self.engine: AsyncEngine = create_async_engine(
            self._url,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=10,
            # One round trip a checkout (about 0.1 ms) spares the first requests after a database restart a 503.
            pool_pre_ping=True,
            connect_args=self._connect_args(),
        )
        _count_connections(self.engine.sync_engine.pool)
        metrics.POOL_SIZE.set(settings.database_pool_size)
        self._has_roles: bool | None = None

    @asynccontextmanager
    async def read(self, workspace_id: int) -> AsyncIterator[ReadSession]:
        """A snapshot of one workspace; nothing is ever written."""
        async with ReadSession(self.engine, expire_on_commit=False) as session:
            await self._enter(session, "sentinela_reader", workspace_id)
            yield session

    @asynccontextmanager
    async def snapshot(self, workspace_id: int) -> AsyncIterator["psycopg.AsyncConnection[Any]"]:
        """One state of the database, for several statements of psycopg itself; a workspace's rows, only to read."""
        role = "sentinela_reader" if await self.has_roles() else "none"
        begin = _BEGIN.format(role=role, workspace=int(workspace_id))
        async with self.engine.connect() as pooled:
            connection: Any = (await pooled.get_raw_connection()).driver_connection
            try:
                await connection.set_autocommit(True)
                await connection.execute(begin)
                yield connection
            finally:
                await _leave(pooled, connection)

    @asynccontextmanager
    async def write(self, workspace_id: int | None = None) -> AsyncIterator[WriteSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with WriteSession(self.engine, expire_on_commit=False) as session:
            await self._enter(session, "sentinela_writer", workspace_id)
            yield session
            await session.commit()

    async def connect(self) -> "psycopg.AsyncConnection[Any]":
        """A connection of its own for COPY, outside the pool, in the writer's role."""
        url = make_url(self._url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True, **self._connect_args())
        if await self.has_roles():
            await connection.execute("SET ROLE sentinela_writer")
        return connection

    async def has_roles(self) -> bool:
        """Whether the migrations could create the two roles; asked once a process."""
        if self._has_roles is None:
            async with self.engine.connect() as connection:
                self._has_roles = bool(await connection.scalar(text(_HAS_ROLES)))
        return self._has_roles

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()

    def _connect_args(self) -> dict[str, Any]:
        return {
            "options": CONNECTION_OPTIONS,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "prepare_threshold": PREPARE_AFTER,
            "application_name": "sentinela",
            "cursor_factory": self._slow.cursor,
        }

    async def _enter(self, session: AsyncSession, role: Role, workspace_id: int | None) -> None:
        session.info["role"] = role if await self.has_roles() else "none"
        session.info["timeout"] = STATEMENT_TIMEOUTS[role]
        session.info["workspace"] = "" if workspace_id is None else str(workspace_id)


async def _leave(pooled: AsyncConnection, connection: "psycopg.AsyncConnection[Any]") -> None:
    """End a snapshot. A connection that broke, or that was torn away before it was as the pool expects, is closed."""
    try:
        await connection.rollback()
        await connection.set_autocommit(False)
    except BaseException as error:
        await pooled.invalidate()
        if not isinstance(error, psycopg.OperationalError):
            raise


@event.listens_for(Session, "after_begin")
def _set_role_and_workspace(session: Session, _: SessionTransaction, connection: Connection) -> None:
    if "role" in session.info:
        connection.execute(_ENTER, {name: session.info[name] for name in ("role", "workspace", "timeout")})


async def driver_of(session: WriteSession) -> "psycopg.AsyncConnection[Any]":
    """The driver's connection within the session's transaction, for statements of psycopg itself; flush before."""
    raw = await (await session.connection()).get_raw_connection()
    connection: psycopg.AsyncConnection[Any] | None = raw.driver_connection
    if connection is None:
        raise psycopg.OperationalError("the session's connection is closed")
    return connection


@asynccontextmanager
async def transaction(connection: "psycopg.AsyncConnection[Any]") -> AsyncIterator[None]:
    """One transaction of a connection of `Database.connect`: committed at the end, rolled back on an error."""
    async with connection.transaction():
        yield


_OPEN, _IN_USE = (metrics.CONNECTIONS.labels(state) for state in ("open", "in_use"))


def _count_connections(pool: Pool) -> None:
    event.listen(pool, "connect", lambda *_: _OPEN.inc())
    event.listen(pool, "close", lambda *_: _OPEN.dec())
    event.listen(pool, "checkout", lambda *_: _IN_USE.inc())
    event.listen(pool, "checkin", lambda *_: _IN_USE.dec())
