"""Who comes and who goes: the watcher's look at every server, and the history that it writes.

A server is offline from its deadline on: its limit after its last arrival, or after the platform came back when that
was later, for while nothing can arrive nobody is silent. While ingest itself gives no sign of life nobody is judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from app.core.copy import Connection
from app.presence import beats

# Every server that changes now, or will within `ahead` seconds; those that send are neither, so that of a fleet of
# 10,000 the look brings back a handful of rows.
_LOOK: LiteralString = """
    WITH moment AS MATERIALIZED (SELECT coalesce(%(moment)s::timestamptz, clock_timestamp()) AS at),
    ingest AS (
        SELECT since FROM platform_beat, moment
        WHERE part = 'ingest' AND beat_at >= at - make_interval(secs => %(outage)s)
    ),
    judged AS (
        SELECT activity.server_id, server_ulid, workspace_id, known.status, known.started_at, last_arrival_at,
               last_arrival_at + span AS silent_at,
               CASE WHEN known.status = 'online' THEN greatest(last_arrival_at, ingest.since) + span
                    ELSE last_arrival_at + span END AS deadline
        FROM server_activity AS activity
        JOIN server USING (server_id)
        CROSS JOIN ingest
        CROSS JOIN LATERAL (
            SELECT make_interval(secs => coalesce(server.offline_after_seconds, %(limit)s)) AS span
        ) AS own
        LEFT JOIN presence_interval AS known ON known.server_id = activity.server_id AND known.ended_at IS NULL
    )
    SELECT server_id,
           CASE WHEN deadline >= at THEN 'online' ELSE 'offline' END AS status,
           greatest(CASE WHEN deadline >= at THEN last_arrival_at ELSE deadline END,
                    started_at + interval '1 microsecond') AS at,
           coalesce(status, '') <> CASE WHEN deadline >= at THEN 'online' ELSE 'offline' END AS changes,
           extract(epoch FROM deadline - at)::float8 AS seconds_left, server_ulid, workspace_id
    FROM judged, moment
    WHERE coalesce(status, '') <> CASE WHEN deadline >= at THEN 'online' ELSE 'offline' END
       OR (status = 'online' AND deadline < at + make_interval(secs => %(ahead)s))
    ORDER BY server_id
"""
_CLOSE: LiteralString = """
    UPDATE presence_interval SET ended_at = change.at
    FROM unnest(%s::int[], %s::timestamptz[]) AS change (server_id, at)
    WHERE presence_interval.server_id = change.server_id AND ended_at IS NULL
"""
_OPEN: LiteralString = """
    INSERT INTO presence_interval (server_id, started_at, status)
    SELECT server_id, at, status FROM unnest(%s::int[], %s::timestamptz[], %s::text[]) AS change (server_id, at, status)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A server that came online or went offline, and when."""

    server_id: int
    status: str
    at: datetime
    server_ulid: str
    workspace_id: int


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found, and in how many seconds the next deadline is due, at most `ahead`."""

    changes: list[Change]
    next_seconds: float


async def look(connection: Connection, limit_seconds: int, ahead: float, moment: datetime | None = None) -> Look:
    """Look at every server and write down who changed, within the caller's transaction.

    `limit_seconds` is the installation's offline limit; `moment` is now unless somebody plays the clock.
    """
    values = {"limit": limit_seconds, "ahead": ahead, "moment": moment, "outage": beats.OUTAGE_SECONDS}
    rows = await (await connection.execute(_LOOK, values)).fetchall()
    changes = [Change(*row[:3], *row[5:]) for row in rows if row[3]]
    if changes:
        await _write(connection, changes)
    return Look(changes, _soonest(rows, ahead))


async def _write(connection: Connection, changes: Sequence[Change]) -> None:
    servers = [change.server_id for change in changes]
    moments = [change.at for change in changes]
    await connection.execute(_CLOSE, (servers, moments))
    await connection.execute(_OPEN, (servers, moments, [change.status for change in changes]))


def _soonest(rows: Sequence[tuple[Any, ...]], ahead: float) -> float:
    due: list[float] = [row[4] for row in rows if not row[3]]
    return min([ahead, *due])
