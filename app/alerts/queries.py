"""Statements of channels and notifications, as people ask for them."""

from collections.abc import Collection
from typing import Any, LiteralString

from sqlalchemy import Select, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from app.alerts.tables import Channel, DeliveryAttempt, Incident, Notification, Silence
from app.core.paging import Asked

# What a notification tells: its own incident and those of the notifications that are grouped into it. Made anew each
# time from rows that do not change any more, so that it is the same at every attempt; null for what is no incident's.
TOLD: LiteralString = r"""
    (SELECT jsonb_build_object(
                'rule', jsonb_build_object('id', min(told.rule_ulid), 'name', min(told.rule_name)),
                'severity', min(told.severity), 'count', count(*),
                'incidents', jsonb_agg(jsonb_build_object(
                    'incident_id', told.incident_ulid,
                    'at', coalesce(line.trace ->> 'at', regexp_replace(to_char(
                        line.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '\.000000Z$', 'Z')),
                    'server', jsonb_build_object('id', told.server_ulid, 'name', told.server_name),
                    'why', line.trace, 'actor', line.actor, 'text', line.text
                ) ORDER BY line.event_id))
     FROM notification AS part
     JOIN incident AS told ON told.incident_id = part.incident_id
     JOIN incident_event AS line ON line.incident_id = part.incident_id AND line.event_id = part.event_id
     WHERE part.notification_id = notification.notification_id OR part.head_id = notification.notification_id
     HAVING count(*) > 0)
"""


def channels(workspace_id: int, asked: Asked) -> Select[Channel]:
    """The workspace's channels, oldest first."""
    statement = select(Channel).where(Channel.workspace_id == workspace_id).order_by(Channel.channel_ulid)
    if key := asked.key(str):
        statement = statement.where(Channel.channel_ulid > key[0])
    return statement.limit(asked.fetch)


def channel(workspace_id: int, channel_ulid: str) -> Select[Channel]:
    return select(Channel).where(Channel.workspace_id == workspace_id, Channel.channel_ulid == channel_ulid)


def notifications(workspace_id: int) -> Select[*tuple[Any, ...]]:
    """Notifications of the workspace, each with what it tells and the identifiers of what it belongs to."""
    head = aliased(Notification)
    statement: Select[*tuple[Any, ...]] = (
        select(
            Notification,
            Channel.channel_ulid,
            Incident.incident_ulid,
            Silence.silence_ulid,
            head.notification_ulid.label("head_ulid"),
            literal_column(TOLD, JSONB()).label("told"),
        )
        .join(Channel, Channel.channel_id == Notification.channel_id)
        .outerjoin(Incident, Incident.incident_id == Notification.incident_id)
        .outerjoin(Silence, Silence.silence_id == Notification.silence_id)
        .outerjoin(head, head.notification_id == Notification.head_id)
        .where(Notification.workspace_id == workspace_id)
    )
    return statement


def notification_page(
    workspace_id: int, states: Collection[str], channel_ulid: str | None, asked: Asked
) -> Select[*tuple[Any, ...]]:
    """Newest first; in these states, when any are given."""
    statement = notifications(workspace_id).order_by(Notification.notification_ulid.desc()).limit(asked.fetch)
    if states:
        statement = statement.where(Notification.state.in_(states))
    if channel_ulid is not None:
        statement = statement.where(Channel.channel_ulid == channel_ulid)
    if key := asked.key(str):
        statement = statement.where(Notification.notification_ulid < key[0])
    return statement


def attempts(notification_id: int) -> Select[DeliveryAttempt]:
    """Every attempt of a notification, oldest first."""
    statement = select(DeliveryAttempt).where(DeliveryAttempt.notification_id == notification_id)
    return statement.order_by(DeliveryAttempt.attempt_id)


def revive(workspace_id: int, channel_id: int | None) -> Any:
    """Queue what is dead anew; the numbers of what that was."""
    statement = update(Notification).where(Notification.workspace_id == workspace_id, Notification.state == "dead")
    if channel_id is not None:
        statement = statement.where(Notification.channel_id == channel_id)
    return statement.values(state="queued", attempts=0, next_at=func.now()).returning(Notification.notification_id)


def cancel(channel_id: int) -> Any:
    """Nothing that waits for a channel will be told."""
    waits = (Notification.channel_id == channel_id, Notification.state == "queued")
    return update(Notification).where(*waits).values(state="cancelled")
