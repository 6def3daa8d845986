"""Who is online, and the book of arrivals that says so.

Arrivals are gathered in the process and written once a second in one statement, so that presence costs ingest
nothing. The first arrival after a silence is written in the transaction of its reading: a server that comes back is
online in the very answer after its 201.
"""

import time
from collections.abc import Iterable
from typing import Any

import psycopg

from app.core.clock import to_microseconds
from app.core.copy import Connection, WriterConnection
from app.core.db import ReadSession, nature_of
from app.core.paging import Asked, Page
from app.presence import beats, queries
from app.presence.schemas import HistoryQuery, Interval, Presence
from app.servers import service as servers

# A server heard within this span needs no row in the reading's transaction: the next flush carries it on.
FRESH_SECONDS = 3.0
# A row may lag behind its server by a flush (1 s) and a little; a limit so short would count that as silence, so the
# span shrinks with the limit, down to nothing: such a server is written with each of its readings.
LAG_SECONDS = 2.0


class Arrivals:
    """The arrivals of one process: monotonic seconds by server."""

    def __init__(self, offline_after_seconds: int) -> None:
        self._default = offline_after_seconds
        self._limits: dict[int, int] = {}
        self._pending: dict[int, float] = {}
        self._written: dict[int, float] = {}

    def returning(self, server_ids: Iterable[int]) -> list[int]:
        """Those servers that were silent and must be written at once, in ascending order."""
        moment = time.monotonic()
        return sorted(key for key in server_ids if moment - self._written.get(key, -1e9) >= self._span(key))

    def expect(self, server_id: int, limit_seconds: int | None) -> None:
        """Remember a server's own offline limit; None: it has the installation's."""
        if limit_seconds is None:
            self._limits.pop(server_id, None)
        else:
            self._limits[server_id] = limit_seconds

    async def write_now(self, connection: Connection, server_ids: list[int]) -> None:
        """Record these arrivals within the caller's transaction."""
        await connection.execute(queries.RECORD_ARRIVALS, (server_ids, [0.0] * len(server_ids)))

    def note(self, server_ids: Iterable[int], written: Iterable[int]) -> None:
        """Remember, after the commit, who arrived and whose row was written."""
        moment = time.monotonic()
        stored = dict.fromkeys(written, moment)
        self._pending.update((key, moment) for key in server_ids if key not in stored)
        self._written.update(stored)

    async def flush(self, writer: WriterConnection) -> None:
        """Write that ingest works, and what has gathered since the last flush."""
        async with writer.statement() as connection:
            await beats.beat(connection, beats.INGEST)
        pending, self._pending = self._pending, {}
        if not pending:
            return
        moment = time.monotonic()
        ages = [moment - arrived for arrived in pending.values()]
        try:
            async with writer.transaction() as connection:
                await connection.execute(queries.RECORD_ARRIVALS, (list(pending), ages))
        except psycopg.Error:
            self._pending = pending | self._pending
            raise
        self._written.update(pending)
        self._forget(moment)

    def _span(self, server_id: int) -> float:
        return min(FRESH_SECONDS, max(0.0, self._limits.get(server_id, self._default) - LAG_SECONDS))

    def _forget(self, moment: float) -> None:
        # Bounded by the servers heard in the last seconds, not by all that were ever heard.
        self._written = {key: seen for key, seen in self._written.items() if moment - seen < FRESH_SECONDS}


async def presence_of(session: ReadSession, workspace_id: int, server_ulid: str, limit_seconds: int) -> Presence:
    """One server's presence. Raises: NoSuchServer."""
    server = await servers.find(session, workspace_id, server_ulid)
    rows = await session.execute(queries.presence(workspace_id, limit_seconds, server.server_id))
    return _presence(rows.one())


async def presence_of_all(session: ReadSession, workspace_id: int, limit_seconds: int) -> list[Presence]:
    """Everybody's presence in the workspace, by name."""
    rows = await session.execute(queries.presence(workspace_id, limit_seconds))
    return [_presence(row) for row in rows]


async def history(
    session: ReadSession, workspace_id: int, server_ulid: str, query: HistoryQuery, asked: Asked
) -> Page[Interval]:
    """When a server was online and offline, newest first. Raises: NoSuchServer, Invalid."""
    server = await servers.find(session, workspace_id, server_ulid)
    outages = None
    if nature_of(session).is_spread:
        outages = [(row.started_at, row.ended_at) for row in await session.execute(queries.outages())]
    wanted = queries.intervals(server.server_id, query.start_time, query.end_time, asked, outages)
    rows = (await session.execute(wanted)).all()
    return asked.cut(rows, lambda row: (to_microseconds(row.started_at),)).map(_interval)


def _interval(row: Any) -> Interval:
    return Interval(
        status=row.status,
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds=round(float(row.seconds), 6),
        platform_outage_seconds=round(float(row.outage_seconds), 6),
    )


def _presence(row: Any) -> Presence:
    return Presence(
        server_ulid=row.server_ulid,
        server_name=row.name,
        status="online" if row.online else "offline",
        last_seen=row.last_arrival_at,
    )
