"""Channels and notifications."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response

from app.alerts import delivering, notifications, service
from app.alerts.schemas import (
    ChannelCreate,
    ChannelCreated,
    ChannelPatch,
    ChannelRead,
    NotificationDetail,
    NotificationRead,
    NotificationState,
    Replay,
    Replayed,
)
from app.auth.deps import Admin, InReadTransaction, InWriteTransaction, Reader, Writer
from app.core.deps import SettingsDep
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.core.text import NO_CONTROL_CHARACTERS

router = APIRouter(tags=["alerts"], route_class=StrictRoute, responses=problems(Unauthorized, Forbidden, NotFound))
ChannelPath = Annotated[str, IdPath]
NotificationPath = Annotated[str, IdPath]
StateFilter = Annotated[
    list[NotificationState] | None, Query(description="Only those in one of these states; repeat it for several.")
]
ChannelFilter = Annotated[
    str | None, Query(description="Only those of this channel.", max_length=100, pattern=NO_CONTROL_CHARACTERS)
]


@router.post("/channels", status_code=201, responses=problems(Conflict))
async def create_channel(
    body: ChannelCreate, principal: Admin, session: InWriteTransaction, settings: SettingsDep, response: Response
) -> ChannelCreated:
    """Make a channel. `webhook` and `slack` need `url`, `email` needs `to`, `telegram` needs `chat_id` and `token`.

    A webhook gets a POST of JSON, `{type, timestamp, data}`, signed as Standard Webhooks says by a secret that is shown
    this once. Whatever the kind, a notification is tried again until it is taken, for some seven hours, by one
    identifier; a redirect is not followed. Only public addresses are reached, unless the operator allows others
    (`WEBHOOK_ALLOWED_NETWORKS`).
    """
    channel = await service.create(session, settings, principal, body)
    response.headers["Location"] = f"/channels/{channel.channel_id}"
    return channel


@router.get("/channels")
async def channels(principal: Admin, session: InReadTransaction, pages: Pages) -> list[ChannelRead]:
    """The workspace's channels, oldest first."""
    return pages.give(await service.page(session, principal.workspace_id, pages.asked))


@router.get("/channels/{channel_id}")
async def channel(channel_id: ChannelPath, principal: Admin, session: InReadTransaction) -> ChannelRead:
    """One channel."""
    return await service.get(session, principal.workspace_id, channel_id)


@router.patch("/channels/{channel_id}", responses=problems(Conflict))
async def change_channel(
    channel_id: ChannelPath, body: ChannelPatch, principal: Admin, session: InWriteTransaction, settings: SettingsDep
) -> ChannelRead:
    """Change a channel; what is left out stays, null returns to the default. What waits goes out by the change."""
    return await service.patch(session, settings, principal, channel_id, body)


@router.delete("/channels/{channel_id}", status_code=204)
async def delete_channel(channel_id: ChannelPath, principal: Admin, session: InWriteTransaction) -> None:
    """Delete a channel; what was not delivered by it never will be."""
    await service.delete(session, principal, channel_id)


@router.post("/channels/{channel_id}/test", status_code=202)
async def test_channel(
    channel_id: ChannelPath, principal: Admin, session: InWriteTransaction, background: BackgroundTasks
) -> NotificationRead:
    """Send a test; `GET /notifications/{notification_id}` tells within seconds how that went."""
    notification = await notifications.test(session, principal, channel_id)
    background.add_task(delivering.nudge)
    return notification


@router.get("/notifications")
async def list_notifications(
    principal: Reader,
    session: InReadTransaction,
    pages: Pages,
    state: StateFilter = None,
    channel_id: ChannelFilter = None,
) -> list[NotificationRead]:
    """What was told or is to be told, newest first; `state=dead` is what was given up."""
    page = await notifications.page(session, principal.workspace_id, state or (), channel_id, pages.asked)
    return pages.give(page)


@router.get("/notifications/{notification_id}")
async def notification(
    notification_id: NotificationPath, principal: Reader, session: InReadTransaction
) -> NotificationDetail:
    """One notification: whether it arrived, and every attempt with what went wrong."""
    return await notifications.get(session, principal.workspace_id, notification_id)


@router.post("/notifications/{notification_id}/retry", status_code=202, responses=problems(Conflict))
async def retry_notification(
    notification_id: NotificationPath, principal: Writer, session: InWriteTransaction, background: BackgroundTasks
) -> NotificationRead:
    """Send a dead notification again, with all its attempts anew; any other is a 409."""
    notification = await notifications.send_again(session, principal, notification_id)
    background.add_task(delivering.nudge)
    return notification


@router.post("/notifications/retry", status_code=202)
async def retry_notifications(
    principal: Writer, session: InWriteTransaction, background: BackgroundTasks, body: Replay | None = None
) -> Replayed:
    """Send every dead notification again, of one channel or of all."""
    count = await notifications.send_all_again(session, principal, body.channel_id if body else None)
    background.add_task(delivering.nudge)
    return Replayed(queued=count)
