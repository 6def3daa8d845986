"""Notifications as the people of a workspace see them: what was told, what is to be, what was given up."""

from collections.abc import Collection
from typing import Any

from app.alerts import queries, service
from app.alerts.errors import NoSuchNotification, NotificationNotDead
from app.alerts.schemas import AttemptRead, NotificationDetail, NotificationRead
from app.alerts.tables import DeliveryAttempt, Notification
from app.auth import audit
from app.auth.principals import Principal
from app.core import clock
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page


async def test(session: WriteSession, principal: Principal, channel_ulid: str) -> NotificationRead:
    """Queue a notification that says it is a test; the caller nudges the workers. Raises: NoSuchChannel."""
    channel = await service.find(session, principal.workspace_id, channel_ulid)
    body = {"message": "This is a test of the channel.", "channel_id": channel.channel_ulid, "channel": channel.name}
    queued = Notification(
        notification_ulid=new_ulid(),
        workspace_id=channel.workspace_id,
        channel_id=channel.channel_id,
        event="channel.test",
        body=body,
    )
    session.add(queued)
    await session.flush()
    return _read(await _find(session, principal.workspace_id, queued.notification_ulid))


async def page(
    session: ReadSession, workspace_id: int, states: Collection[str], channel_ulid: str | None, asked: Asked
) -> Page[NotificationRead]:
    """The workspace's notifications, newest first."""
    found = (await session.execute(queries.notification_page(workspace_id, states, channel_ulid, asked))).all()
    return asked.cut(found, lambda row: (row.Notification.notification_ulid,)).map(_read)


async def get(session: ReadSession, workspace_id: int, notification_ulid: str) -> NotificationDetail:
    """With every attempt. Raises: NoSuchNotification."""
    row = await _find(session, workspace_id, notification_ulid)
    told_by = row.Notification.head_id or row.Notification.notification_id
    attempts = (await session.scalars(queries.attempts(told_by))).all()
    return NotificationDetail(history=[_attempt(each) for each in attempts], **_read(row).model_dump())


async def send_again(session: WriteSession, principal: Principal, notification_ulid: str) -> NotificationRead:
    """Queue a dead notification anew, with all its attempts. Raises: NoSuchNotification, NotificationNotDead."""
    row = await _find(session, principal.workspace_id, notification_ulid, lock=True)
    found = row.Notification
    if found.state != "dead":
        message = "Only a dead notification can be sent again; this one is {state}."
        raise NotificationNotDead(message, state=found.state)
    found.state, found.attempts, found.next_at = "queued", 0, clock.now()
    audit.record(session, principal, "notification.retry", found.notification_ulid)
    return _read(row)


async def send_all_again(session: WriteSession, principal: Principal, channel_ulid: str | None) -> int:
    """Queue every dead notification anew, of one channel or of all; how many. Raises: NoSuchChannel."""
    channel = await service.find(session, principal.workspace_id, channel_ulid) if channel_ulid else None
    statement = queries.revive(principal.workspace_id, channel.channel_id if channel else None)
    count = len((await session.scalars(statement)).all())
    audit.record(session, principal, "notification.retry", channel_ulid or "all", after={"queued": count})
    return count


async def _find(
    session: ReadSession | WriteSession, workspace_id: int, notification_ulid: str, *, lock: bool = False
) -> Any:
    statement = queries.notifications(workspace_id).where(Notification.notification_ulid == notification_ulid)
    row = (await session.execute(statement.with_for_update(of=Notification) if lock else statement)).first()
    if row is None:
        message = "There is no notification {notification!r} in this workspace."
        raise NoSuchNotification(message, notification=notification_ulid)
    return row


def _attempt(row: DeliveryAttempt) -> AttemptRead:
    return AttemptRead(at=row.at, seconds=round(row.seconds, 3), delivered=row.delivered, error=row.error)


def _read(row: Any) -> NotificationRead:
    found: Notification = row.Notification
    return NotificationRead.model_validate(
        {
            "notification_id": found.notification_ulid,
            "channel_id": row.channel_ulid,
            "event": found.event,
            "incident_id": row.incident_ulid,
            "body": found.body if row.told is None else row.told,
            "state": found.state,
            "grouped_into": row.head_ulid,
            "silence_id": row.silence_ulid,
            "attempts": found.attempts,
            "last_error": found.last_error,
            "created_at": found.created_at,
            "next_at": found.next_at if found.state == "queued" else None,
            "delivered_at": found.delivered_at,
        }
    )
