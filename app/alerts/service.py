"""Channels of a workspace, and its notifications as people see them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.alerts import queries
from app.alerts.channels.webhook import new_secret
from app.alerts.errors import ChannelNameTaken, NoSuchChannel, NoSuchNotification, NotificationNotDead
from app.alerts.schemas import ChannelCreate, ChannelCreated, ChannelRead, NotificationRead
from app.alerts.tables import Channel, Notification
from app.auth import audit
from app.auth.principals import Principal
from app.core import clock
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page


async def create(session: WriteSession, principal: Principal, body: ChannelCreate) -> ChannelCreated:
    """Make a channel, with the secret that signs its deliveries. Raises: ChannelNameTaken."""
    channel = Channel(
        channel_ulid=new_ulid(),
        workspace_id=principal.workspace_id,
        name=body.name,
        kind=body.kind,
        target=body.url,
        secret=new_secret(),
    )
    session.add(channel)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_channel_workspace_name" in str(error.orig):
            raise ChannelNameTaken("A channel named {name!r} exists in this workspace.", name=body.name) from None
        raise
    audit.record(session, principal, "channel.create", channel.channel_ulid, after=_facts(channel))
    return ChannelCreated(secret=channel.secret, **_read(channel).model_dump())


async def page(session: ReadSession, workspace_id: int, asked: Asked) -> Page[ChannelRead]:
    """The workspace's channels, oldest first."""
    found = (await session.scalars(queries.channels(workspace_id, asked))).all()
    return asked.cut(found, lambda channel: (channel.channel_ulid,)).map(_read)


async def get(session: ReadSession, workspace_id: int, channel_ulid: str) -> ChannelRead:
    """A channel of the workspace. Raises: NoSuchChannel."""
    return _read(await find(session, workspace_id, channel_ulid))


async def delete(session: WriteSession, principal: Principal, channel_ulid: str) -> None:
    """Delete a channel with its notifications, delivered or not. Raises: NoSuchChannel."""
    channel = await find(session, principal.workspace_id, channel_ulid)
    audit.record(session, principal, "channel.delete", channel.channel_ulid, before=_facts(channel))
    await session.delete(channel)


async def find(session: ReadSession | WriteSession, workspace_id: int, channel_ulid: str) -> Channel:
    """The row of a channel. Raises: NoSuchChannel."""
    channel = await session.scalar(queries.channel(workspace_id, channel_ulid))
    if channel is None:
        raise NoSuchChannel("There is no channel {channel!r} in this workspace.", channel=channel_ulid)
    return channel


async def test(session: WriteSession, principal: Principal, channel_ulid: str) -> NotificationRead:
    """Queue a notification that says it is a test; the caller nudges the workers. Raises: NoSuchChannel."""
    channel = await find(session, principal.workspace_id, channel_ulid)
    body = {"message": "This is a test of the channel.", "channel_id": channel.channel_ulid, "channel": channel.name}
    notification = queue(channel, "channel.test", body)
    session.add(notification)
    await session.flush()
    return read_notification(notification, channel.channel_ulid)


def queue(channel: Channel, event: str, body: dict[str, Any]) -> Notification:
    """A notification that is due at once; it is added in the transaction of what it tells."""
    return Notification(
        notification_ulid=new_ulid(),
        workspace_id=channel.workspace_id,
        channel_id=channel.channel_id,
        event=event,
        body=body,
    )


async def notifications(
    session: ReadSession, workspace_id: int, states: Collection[str], channel_ulid: str | None, asked: Asked
) -> Page[NotificationRead]:
    """The workspace's notifications, newest first."""
    found = (await session.execute(queries.notification_page(workspace_id, states, channel_ulid, asked))).all()
    return asked.cut(found, lambda row: (row[0].notification_ulid,)).map(lambda row: read_notification(*row))


async def notification(session: ReadSession, workspace_id: int, notification_ulid: str) -> NotificationRead:
    """Raises: NoSuchNotification."""
    return read_notification(*await _find_notification(session, workspace_id, notification_ulid))


async def send_again(session: WriteSession, principal: Principal, notification_ulid: str) -> NotificationRead:
    """Queue a dead notification anew, with all its attempts. Raises: NoSuchNotification, NotificationNotDead."""
    found, channel_ulid = await _find_notification(session, principal.workspace_id, notification_ulid, lock=True)
    if found.state != "dead":
        message = "Only a dead notification can be sent again; this one is {state}."
        raise NotificationNotDead(message, state=found.state)
    found.state, found.attempts, found.next_at = "queued", 0, clock.now()
    audit.record(session, principal, "notification.retry", found.notification_ulid)
    return read_notification(found, channel_ulid)


async def _find_notification(
    session: ReadSession | WriteSession, workspace_id: int, notification_ulid: str, *, lock: bool = False
) -> tuple[Notification, str]:
    statement = queries.notifications(workspace_id).where(Notification.notification_ulid == notification_ulid)
    row = (await session.execute(statement.with_for_update(of=Notification) if lock else statement)).first()
    if row is None:
        message = "There is no notification {notification!r} in this workspace."
        raise NoSuchNotification(message, notification=notification_ulid)
    return row[0], row[1]


def read_notification(row: Notification, channel_ulid: str) -> NotificationRead:
    """A notification for the people of its workspace."""
    return NotificationRead.model_validate(
        {
            "notification_id": row.notification_ulid,
            "channel_id": channel_ulid,
            "event": row.event,
            "body": row.body,
            "state": row.state,
            "attempts": row.attempts,
            "last_error": row.last_error,
            "created_at": row.created_at,
            "next_at": row.next_at if row.state == "queued" else None,
            "delivered_at": row.delivered_at,
        }
    )


def _facts(channel: Channel) -> dict[str, Any]:
    """What the audit log may know; the address can hold a token of the receiver's."""
    return {"name": channel.name, "kind": channel.kind}


def _read(channel: Channel) -> ChannelRead:
    return ChannelRead.model_validate(
        {
            "channel_id": channel.channel_ulid,
            "name": channel.name,
            "kind": channel.kind,
            "url": channel.target,
            "created_at": channel.created_at,
        }
    )
