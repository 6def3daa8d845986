"""Statements of alerts."""

from collections.abc import Collection
from typing import LiteralString

from sqlalchemy import Select, select

from app.alerts.tables import Channel, Notification
from app.core.paging import Asked

# Whoever claims has until `lease` to report; a worker that is lost meanwhile loses nothing but time.
CLAIM: LiteralString = """
    WITH due AS (
        SELECT notification_id FROM notification
        WHERE state = 'queued' AND next_at <= now()
        ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    UPDATE notification SET attempts = attempts + 1, next_at = now() + make_interval(secs => %(lease)s)
    FROM due, channel
    WHERE notification.notification_id = due.notification_id AND channel.channel_id = notification.channel_id
    RETURNING notification.notification_id, notification_ulid, event, notification.created_at, body, attempts,
              channel.kind, channel.target, channel.secret
"""
# The attempt's number keeps a failure that is told after its lease from overwriting a later attempt's news.
REPORT: LiteralString = """
    UPDATE notification SET state = %(state)s, last_error = %(error)s,
           next_at = now() + make_interval(secs => %(wait)s),
           delivered_at = CASE WHEN %(state)s = 'delivered' THEN now() END
    WHERE notification_id = %(notification_id)s AND state = 'queued'
          AND (attempts = %(attempts)s OR %(state)s = 'delivered')
"""


def channels(workspace_id: int, asked: Asked) -> Select[Channel]:
    """The workspace's channels, oldest first."""
    statement = select(Channel).where(Channel.workspace_id == workspace_id).order_by(Channel.channel_ulid)
    if key := asked.key(str):
        statement = statement.where(Channel.channel_ulid > key[0])
    return statement.limit(asked.fetch)


def channel(workspace_id: int, channel_ulid: str) -> Select[Channel]:
    return select(Channel).where(Channel.workspace_id == workspace_id, Channel.channel_ulid == channel_ulid)


def notifications(workspace_id: int) -> Select[Notification, str]:
    """Notifications of the workspace, each with its channel's identifier."""
    return (
        select(Notification, Channel.channel_ulid)
        .join(Channel, Channel.channel_id == Notification.channel_id)
        .where(Notification.workspace_id == workspace_id)
    )


def notification_page(
    workspace_id: int, states: Collection[str], channel_ulid: str | None, asked: Asked
) -> Select[Notification, str]:
    """Newest first; in these states, when any are given."""
    statement = notifications(workspace_id).order_by(Notification.notification_ulid.desc()).limit(asked.fetch)
    if states:
        statement = statement.where(Notification.state.in_(states))
    if channel_ulid is not None:
        statement = statement.where(Channel.channel_ulid == channel_ulid)
    if key := asked.key(str):
        statement = statement.where(Notification.notification_ulid < key[0])
    return statement
