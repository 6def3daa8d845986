"""PostgreSQL: the engine, and the only place that opens and commits transactions.

Every transaction runs as one of two roles. `sentinela_reader` may only read, under row-level security of the
transaction's workspace; `sentinela_writer` reads and writes rows without it, because COPY FROM refuses tables with
row-level security. Where the given user may not create roles, both stand for that user.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import cached_property, partial
from typing import Any, Literal, TypeVar, cast
from weakref import WeakSet

import psycopg
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from app.core import metrics, nature
from app.core.database_address import CONNECT_TIMEOUT_SECONDS, configured_url
from app.core.direct import DirectConnection, Threads, finish
from app.core.nature import Nature
from app.core.settings import Settings
from app.core.slow import Slow

T = TypeVar("T")
Role = Literal["sentinela_reader", "sentinela_writer"]

# A statement that runs longer holds a snapshot that autovacuum waits for; a lock waited for longer is a stuck peer.
CONNECTION_OPTIONS = (
    "-c timezone=UTC -c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s "
    + nature.ONE_STATE_A_NODE
)
# psycopg prepares a statement after so many runs; the routes' statements are few and hot.
PREPARE_AFTER = 3

# Threads for short questions, each with a connection of its own. More would take ingest its processor.
DIRECT_THREADS = 2

UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)

# One round trip. Compiling a statement of the read path takes longer than what is compiled would run: half a second for
# a fleet of 10,000. Everything is found by key: a table small enough to look cheap would be read as a whole (300 hours
# of a year took 22 ms so, and 8 by key). A plan that knows no bounds suits neither a day nor a year (statistics of a
# year took 31 ms by it, and 16 by theirs).
_BEGIN = """
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL ROLE {role}; SET LOCAL sentinela.workspace = '{workspace}'; SET LOCAL jit = off;
    SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_custom_plan
"""
# What one statement may take. A reader's is one step of a query, which has a budget of its own; whoever writes holds
# locks that others wait for. Bulk work has connections of its own (`connect`), with the limit above.
STATEMENT_TIMEOUTS: dict[Role, str] = {"sentinela_reader": "60s", "sentinela_writer": "30s"}
_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('sentinela.workspace', :workspace, true), "
    "set_config('statement_timeout', :timeout, true), set_config('plan_cache_mode', :plans, true)"
)
# What is asked of a time or of a fleet is planned with its bounds; what writes goes by key.
_PLANS: dict[Role, str] = {"sentinela_reader": "force_custom_plan", "sentinela_writer": "auto"}


class Table(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Base of every mapped class."""


class ReadSession(AsyncSession):
    """A session that can only read, and only its workspace's rows."""


class WriteSession(AsyncSession):
    """A session that reads and writes; its caller checks the workspace."""


class Database:
    """The pool of one process."""

    def __init__(self, settings: Settings, connections: int | None = None) -> None:
        """`connections`: of a pool for something that must not wait for questions, instead of the usual one."""
        self._url = configured_url(settings)
        self._slow = Slow(settings.slow_query_ms / 1000, self.connect)
        self.engine: AsyncEngine = create_async_engine(
            self._url,
            pool_size=connections or settings.database_pool_size,
            max_overflow=0,
            pool_timeout=10,
            # One round trip a checkout (about 0.1 ms) spares the first requests after a database restart a 503.
            pool_pre_ping=True,
            connect_args=self._connect_args(),
        )
        if connections is None:
            _count_connections(self.engine.sync_engine.pool)
            metrics.POOL_SIZE.set(settings.database_pool_size + DIRECT_THREADS)
        self._nature: Nature | None = None

    @asynccontextmanager
    async def read(self, workspace_id: int) -> AsyncIterator[ReadSession]:
        """A snapshot of one workspace; nothing is ever written."""
        async with ReadSession(self.engine, expire_on_commit=False) as session:
            await self._enter(session, "sentinela_reader", workspace_id)
            yield session
            # psycopg forgets what it has prepared when a transaction is rolled back.
            await session.commit()

    @asynccontextmanager
    async def snapshot(self, workspace_id: int) -> AsyncIterator["psycopg.AsyncConnection[Any]"]:
        """One state of the database, for several statements of psycopg itself; a workspace's rows, only to read."""
        own, begin = await self.nature(), await self._begin(workspace_id)
        async with self.engine.connect() as pooled:
            connection: Any = (await pooled.get_raw_connection()).driver_connection
            failed = True
            try:
                await connection.set_autocommit(True)
                await connection.execute(begin)
                own.mark(connection)
                yield connection
                failed = False
            finally:
                await _leave(pooled, connection, failed=failed)

    async def at_once(
        self, workspace_id: int, work: "Callable[[psycopg.AsyncConnection[Any]], Coroutine[Any, Any, T]]"
    ) -> T:
        """What `work` makes of one state of the database, as `snapshot` has it, in a thread (see `core.direct`): for
        what is over in a fraction of a second and awaits the connection alone.
        """
        own, begin = await self.nature(), await self._begin(workspace_id)
        return await self._threads.run(partial(_at_once, self._direct, begin, own, work))

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
        own = await self.nature()
        if own.has_roles:
            await connection.execute("SET ROLE sentinela_writer")
        own.mark(connection)
        return connection

    async def nature(self) -> Nature:
        """What kind of database it is; asked once a process."""
        if self._nature is None:
            self._nature = await nature.ask(self.engine)
        return self._nature

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()
        if "_direct" in self.__dict__:
            self._threads.close()
            self._direct.dispose()

    @cached_property
    def _threads(self) -> Threads:
        return Threads(DIRECT_THREADS)

    @cached_property
    def _direct(self) -> Engine:
        cursor = self._slow.cursor_in_threads(asyncio.get_running_loop())
        engine = create_engine(
            self._url,
            isolation_level="AUTOCOMMIT",
            pool_size=DIRECT_THREADS,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args=self._connect_args() | {"cursor_factory": cursor},
        )
        _count_connections(engine.pool)
        return engine

    async def _begin(self, workspace_id: int) -> str:
        role = "sentinela_reader" if (await self.nature()).has_roles else "none"
        return _BEGIN.format(role=role, workspace=int(workspace_id))

    def _connect_args(self) -> dict[str, Any]:
        return {
            "options": CONNECTION_OPTIONS,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "prepare_threshold": PREPARE_AFTER,
            "application_name": "sentinela",
            "cursor_factory": self._slow.cursor,
        }

    async def _enter(self, session: AsyncSession, role: Role, workspace_id: int | None) -> None:
        session.info["nature"] = own = await self.nature()
        session.info["role"] = role if own.has_roles else "none"
        session.info["timeout"] = STATEMENT_TIMEOUTS[role]
        session.info["plans"] = _PLANS[role]
        session.info["workspace"] = "" if workspace_id is None else str(workspace_id)


async def _leave(pooled: AsyncConnection, connection: "psycopg.AsyncConnection[Any]", *, failed: bool) -> None:
    """End a snapshot. A connection that broke, or that was torn away before it was as the pool expects, is closed."""
    try:
        await (connection.rollback if failed else connection.commit)()
        await connection.set_autocommit(False)
    except BaseException as error:
        await pooled.invalidate()
        if not isinstance(error, psycopg.OperationalError):
            raise


def _at_once(
    engine: Engine, begin: str, own: Nature, work: "Callable[[psycopg.AsyncConnection[Any]], Coroutine[Any, Any, T]]"
) -> T:
    pooled = engine.raw_connection()
    try:
        connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
        connection.execute(begin.encode())
        direct = DirectConnection(connection)
        own.mark(direct)
        # It has what `work` uses of the other kind.
        made = finish(work(cast("psycopg.AsyncConnection[Any]", direct)))
        connection.commit()
        return made
    finally:
        # What is left open here the pool rolls back; what broke it closes.
        pooled.close()


@event.listens_for(Session, "after_begin")
def _set_role_and_workspace(session: Session, _: SessionTransaction, connection: Connection) -> None:
    if "role" in session.info:
        connection.execute(_ENTER, {name: session.info[name] for name in ("role", "workspace", "timeout", "plans")})


def nature_of(session: ReadSession | WriteSession) -> Nature:
    """What kind of database the session's is."""
    own: Nature = session.info["nature"]
    return own


async def driver_of(session: WriteSession) -> "psycopg.AsyncConnection[Any]":
    """The driver's connection within the session's transaction, for statements of psycopg itself; flush before."""
    raw = await (await session.connection()).get_raw_connection()
    connection: psycopg.AsyncConnection[Any] | None = raw.driver_connection
    if connection is None:
        raise psycopg.OperationalError("the session's connection is closed")
    nature_of(session).mark(connection)
    return connection


@asynccontextmanager
async def transaction(connection: "psycopg.AsyncConnection[Any]") -> AsyncIterator[None]:
    """One transaction of a connection of `Database.connect`: committed at the end, rolled back on an error."""
    async with connection.transaction():
        yield


_taken: WeakSet[ConnectionPoolEntry] = WeakSet()
_OPEN, _IN_USE = (metrics.CONNECTIONS.labels(state) for state in ("open", "in_use"))


def _count_connections(pool: Pool) -> None:
    event.listen(pool, "connect", lambda *_: _OPEN.inc())
    event.listen(pool, "close", lambda *_: _OPEN.dec())
    event.listen(pool, "checkout", _take)
    event.listen(pool, "checkin", _give_back)


def _take(_: Any, record: ConnectionPoolEntry, __: Any) -> None:
    _taken.add(record)
    _IN_USE.inc()


def _give_back(_: Any, record: ConnectionPoolEntry) -> None:
    """Called for a connection that could not be made, too, which nobody has taken."""
    if record in _taken:
        _taken.discard(record)
        _IN_USE.dec()
