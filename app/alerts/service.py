"""Channels of a workspace."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from app.alerts import queries
from app.alerts.channels import CHANNELS
from app.alerts.channels.base import Channel as Way
from app.alerts.channels.base import Destination
from app.alerts.errors import ChannelNameTaken, NoSuchChannel
from app.alerts.schemas import ChannelCreate, ChannelCreated, ChannelPatch, ChannelRead
from app.alerts.tables import Channel
from app.auth import audit
from app.auth.principals import Principal
from app.core.db import ReadSession, WriteSession
from app.core.errors import invalid_field
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.core.settings import Settings

# The fields of a request that belong to some kinds only.
OF_KINDS = frozenset().union(*(way.required | way.optional for way in CHANNELS.values()))
TOLD = ["opened", "resolved"]
COMMON = ("enabled", "language", "events", "group_seconds", "per_minute")


async def create(
    session: WriteSession, settings: Settings, principal: Principal, body: ChannelCreate
) -> ChannelCreated:
    """Make a channel, with the secret that signs its deliveries. Raises: ChannelNameTaken, Invalid."""
    way = CHANNELS[body.kind]
    given = body.model_dump(include=body.model_fields_set)
    own = _own_fields(body.kind, way, given)
    for name in sorted(way.required - {name for name, value in own.items() if value is not None}):
        raise invalid_field(("body", name), "Field required", "missing")
    to = way.configure(settings, own, None)
    channel = Channel(
        channel_ulid=new_ulid(),
        workspace_id=principal.workspace_id,
        name=body.name,
        kind=body.kind,
        target=to.target,
        secret=to.secret,
        settings=dict(to.settings),
        **_common(way, {name: given.get(name) for name in COMMON}),
    )
    session.add(channel)
    await _flush(session, body.name)
    audit.record(session, principal, "channel.create", channel.channel_ulid, after=_facts(channel))
    shown = to.secret if body.kind == "webhook" else None
    return ChannelCreated(secret=shown, **_read(channel).model_dump())


async def patch(
    session: WriteSession, settings: Settings, principal: Principal, channel_ulid: str, body: ChannelPatch
) -> ChannelRead:
    """Change a channel. Raises: NoSuchChannel, ChannelNameTaken, Invalid."""
    channel = await find(session, principal.workspace_id, channel_ulid)
    way, before = CHANNELS[channel.kind], _facts(channel)
    given = body.model_dump(include=body.model_fields_set)
    own = _own_fields(channel.kind, way, given)
    for name in sorted(way.required & {name for name, value in own.items() if value is None}):
        raise invalid_field(("body", name), "Field required", "missing")
    if own:
        await session.refresh(channel, ["secret"])
        to = way.configure(settings, own, Destination(channel.target, channel.secret, channel.settings))
        channel.target, channel.secret, channel.settings = to.target, to.secret, dict(to.settings)
    for name, value in _common(way, {name: given[name] for name in COMMON if name in given}).items():
        setattr(channel, name, value)
    channel.name = given.get("name") or channel.name
    touched = bool(inspect(channel).modified)
    await _flush(session, channel.name)
    if before["enabled"] and not channel.enabled:
        await session.execute(queries.cancel(channel.channel_id))
    if touched:
        audit.record(session, principal, "channel.change", channel.channel_ulid, *_changes(before, channel, own))
    return _read(channel)


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


def _own_fields(kind: str, way: Way, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields that are this kind's own. Raises: Invalid for those of another kind."""
    for name in given:
        if name in OF_KINDS and name not in way.required | way.optional:
            message = f"A channel of kind {kind} has no {name}"
            raise invalid_field(("body", name), message, "channel_field", of=kind, name=name)
    return {name: value for name, value in given.items() if name in OF_KINDS}


def _common(way: Way, given: Mapping[str, Any]) -> dict[str, Any]:
    """What every channel has; null is the default."""
    defaults: dict[str, Any] = {
        "enabled": True,
        "language": "en",
        "events": TOLD,
        "group_seconds": way.group_seconds,
        "per_minute": way.per_minute,
    }
    found = {name: defaults[name] if value is None else value for name, value in given.items()}
    if "events" in found:
        found["events"] = list(dict.fromkeys(found["events"]))
    return found


async def _flush(session: WriteSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_channel_workspace_name" in str(error.orig):
            raise ChannelNameTaken("A channel named {name!r} exists in this workspace.", name=name) from None
        raise


def _facts(channel: Channel) -> dict[str, Any]:
    """What the audit log may know; the address can hold a token of the receiver's."""
    return {name: getattr(channel, name) for name in ("name", "kind", *COMMON)}


def _changes(before: dict[str, Any], channel: Channel, own: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changed; of where the channel leads only that it did."""
    was, became = audit.differences(before, _facts(channel))
    return was, {**became, **({"changed": sorted(own)} if own else {})}


def _read(channel: Channel) -> ChannelRead:
    return ChannelRead.model_validate(
        {
            "channel_id": channel.channel_ulid,
            "created_at": channel.created_at,
            **_facts(channel),
            **CHANNELS[channel.kind].show(channel.target, channel.settings),
        }
    )
