"""Who may be told now: what is due, less what a silence or a limit holds back, gathered where a channel wants it so."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
import structlog

from app.alerts.channels.base import Destination, Message
from app.alerts.incident_queries import SILENCED
from app.alerts.queries import TOLD
from app.core import db
from app.core.copy import Connection

# Longer than an attempt (40 s at the most) by what a busy machine may add.
LEASE_SECONDS = 60
# A message of more servers is split: each stays below a hundred kilobytes.
MAX_GROUP = 100
# Channels looked at in one go; the others are next.
MAX_CHANNELS = 50
# Of one channel so many attempts run at once, so that a receiver that hangs leaves places for the others.
MAX_AT_ONCE = 10

log = structlog.get_logger()

# Channels with something due and attempts to spare, longest waiting first; each belongs to one worker while it claims.
# A sixth of what is free in a minute may go at once.
_CHANNELS: LiteralString = """
    SELECT channel_id, workspace_id, kind, target, secret, settings, language, group_seconds, free
    FROM channel
    CROSS JOIN LATERAL (SELECT greatest(1, per_minute / 6.0)::float8 AS most) AS size
    CROSS JOIN LATERAL (
        SELECT least(most, coalesce(
            allowance + extract(epoch FROM now() - allowance_at)::float8 * per_minute / 60, most)) AS free
    ) AS spare
    CROSS JOIN LATERAL (
        SELECT min(next_at) AS oldest FROM notification
        WHERE notification.channel_id = channel.channel_id AND state = 'queued' AND next_at <= now()
    ) AS due
    WHERE oldest IS NOT NULL AND free >= 1 AND (quiet_until IS NULL OR quiet_until <= now())
          AND channel_id <> ALL(%(full)s::int[])
    ORDER BY oldest LIMIT %(limit)s FOR UPDATE OF channel SKIP LOCKED
"""
# What a silence lies on is put off until its end; the timeline says so once a silence.
_HOLD: LiteralString = f"""
    WITH held AS MATERIALIZED (
        SELECT notification_id, incident.incident_id, lies.*
        FROM notification JOIN incident USING (incident_id)
        CROSS JOIN LATERAL (
            SELECT silence_id AS by_id, silence_ulid, reason, created_by, ends_at FROM silence WHERE {SILENCED}
            ORDER BY ends_at DESC LIMIT 1
        ) AS lies
        WHERE channel_id = %(channel)s AND notification.state = 'queued'
              AND next_at <= now() + make_interval(secs => %(ahead)s)
              AND EXISTS (SELECT FROM silence AS any_now WHERE any_now.workspace_id = %(workspace)s
                          AND any_now.starts_at <= now() AND any_now.ends_at > now())
    ),
    moved AS (
        UPDATE notification SET next_at = ends_at, silence_id = by_id
        FROM held WHERE notification.notification_id = held.notification_id
    )
    INSERT INTO incident_event (incident_id, event, actor, text, trace)
    SELECT DISTINCT incident_id, 'silenced', created_by, reason, jsonb_build_object('silence_id', silence_ulid)
    FROM held
    WHERE NOT EXISTS (
        SELECT FROM incident_event AS line WHERE line.incident_id = held.incident_id AND event = 'silenced'
               AND line.trace ->> 'silence_id' = silence_ulid)
"""  # noqa: S608 - of constants
# Of one rule and event: the first that is due tells the others too, those as well that would be due a little later.
_GROUP: LiteralString = """
    WITH fresh AS (
        SELECT notification_id, event, rule_ulid, next_at,
               (row_number() OVER (PARTITION BY event, rule_ulid, severity ORDER BY next_at, notification_id) - 1)
                   / %(most)s AS part, severity
        FROM notification JOIN incident USING (incident_id)
        WHERE channel_id = %(channel)s AND notification.state = 'queued' AND NOT begun
              AND next_at <= now() + make_interval(secs => %(ahead)s)
    ),
    gathered AS (
        SELECT notification_id,
               first_value(notification_id) OVER gathering AS head, min(next_at) OVER gathering AS due
        FROM fresh WINDOW gathering AS (PARTITION BY event, rule_ulid, severity, part
            ORDER BY next_at, notification_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
    UPDATE notification SET state = 'grouped', head_id = head
    FROM gathered
    WHERE notification.notification_id = gathered.notification_id AND head <> gathered.notification_id AND due <= now()
"""
# Of one incident a channel is told in its order: an end does not overtake the beginning that is tried again, and is
# looked at when that is. Only some rows are judged at a time: ten thousand may be due.
_CLAIM: LiteralString = f"""
    WITH due AS MATERIALIZED (
        SELECT notification_id, incident_id FROM notification
        WHERE channel_id = %(channel)s AND state = 'queued' AND next_at <= now()
        ORDER BY next_at, notification_id LIMIT %(limit)s * 10 FOR UPDATE
    ),
    blocked AS MATERIALIZED (
        SELECT due.notification_id, max(told.next_at) AS until
        FROM due
        CROSS JOIN LATERAL (
            SELECT due.notification_id AS id, due.incident_id AS incident
            UNION ALL
            SELECT member.notification_id, member.incident_id FROM notification AS member
            WHERE member.head_id = due.notification_id
        ) AS part
        JOIN notification AS earlier ON earlier.incident_id = part.incident AND earlier.notification_id < part.id
             AND earlier.channel_id = %(channel)s
        JOIN notification AS told ON told.notification_id = coalesce(earlier.head_id, earlier.notification_id)
        WHERE told.state = 'queued' AND told.notification_id <> due.notification_id
        GROUP BY due.notification_id
    ),
    put_off AS (
        UPDATE notification SET next_at = greatest(until, now() + interval '1 second')
        FROM blocked WHERE notification.notification_id = blocked.notification_id
    ),
    chosen AS (
        SELECT notification_id FROM due WHERE notification_id NOT IN (SELECT notification_id FROM blocked)
        LIMIT %(limit)s
    )
    UPDATE notification SET attempts = attempts + 1, begun = true,
           next_at = now() + make_interval(secs => %(lease)s)
    FROM chosen WHERE notification.notification_id = chosen.notification_id
    RETURNING notification.notification_id, notification_ulid, event, created_at, attempts, coalesce({TOLD}, body)
"""  # noqa: S608 - of constants
_SPEND: LiteralString = """
    UPDATE channel SET allowance = %(left)s, allowance_at = now() WHERE channel_id = %(channel)s
"""
# The attempt's number keeps a failure that is told after its lease from overwriting a later attempt's news.
_REPORT: LiteralString = """
    WITH noted AS (
        INSERT INTO delivery_attempt (notification_id, seconds, delivered, error)
        SELECT notification_id, %(seconds)s, %(delivered)s, %(error)s
        FROM notification WHERE notification_id = %(notification)s
    ),
    quieted AS (
        UPDATE channel SET quiet_until = greatest(quiet_until, now() + make_interval(secs => %(quiet)s))
        WHERE channel_id = %(channel)s AND %(quiet)s > 0
    )
    UPDATE notification SET state = %(state)s, last_error = %(error)s,
           next_at = now() + make_interval(secs => %(wait)s),
           delivered_at = CASE WHEN %(delivered)s THEN now() END
    WHERE notification_id = %(notification)s AND state = 'queued' AND (attempts = %(attempts)s OR %(delivered)s)
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that is this worker's until the lease ends."""

    notification_id: int
    channel_id: int
    kind: str
    attempts: int
    message: Message


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an attempt; `wait` seconds until the next, if there is one."""

    seconds: float
    delivered: bool
    error: str | None
    state: str
    wait: float
    quiet: float


async def claim(connection: Connection, places: int, running: Collection[int]) -> list[Claimed]:
    """Up to so many notifications that are due; `running` are the channels of attempts under way, one each."""
    found: list[Claimed] = []
    full = [channel for channel in set(running) if list(running).count(channel) >= MAX_AT_ONCE]
    async with db.transaction(connection):
        values = {"full": full, "limit": MAX_CHANNELS}
        for row in await (await connection.execute(_CHANNELS, values)).fetchall():
            room = min(places - len(found), MAX_AT_ONCE - list(running).count(row[0]), int(row[-1]))
            if room > 0:
                found += await _claim_of(connection, row, room)
    return found


async def report(connection: Connection, claimed: Claimed, result: Report) -> None:
    """Write down how the attempt went, unless channel or incident were deleted meanwhile."""
    numbers = {"notification": claimed.notification_id, "channel": claimed.channel_id, "attempts": claimed.attempts}
    facts = {name: getattr(result, name) for name in Report.__dataclass_fields__}
    try:
        await connection.execute(_REPORT, {**numbers, **facts})
    except psycopg.errors.ForeignKeyViolation:
        log.info("delivery_of_deleted", notification=claimed.message.notification_ulid)


async def _claim_of(connection: Connection, channel: tuple[Any, ...], room: int) -> list[Claimed]:
    number, workspace, kind, target, secret, settings, language, group_seconds, free = channel
    ahead = {"channel": number, "workspace": workspace, "ahead": group_seconds}
    await connection.execute(_HOLD, ahead)
    if group_seconds:
        await connection.execute(_GROUP, {**ahead, "most": MAX_GROUP})
    values = {"channel": number, "limit": room, "lease": LEASE_SECONDS}
    rows = await (await connection.execute(_CLAIM, values)).fetchall()
    if rows:
        await connection.execute(_SPEND, {"channel": number, "left": free - len(rows)})
    to = Destination(target, secret, settings)
    return [Claimed(row[0], number, kind, row[4], _message(row, to, language)) for row in rows]


def _message(row: tuple[Any, ...], to: Destination, language: str) -> Message:
    _, ulid, event, created_at, _, body = row
    moment: datetime = created_at
    return Message(ulid, event, moment, body, to, language)
