"""Presence as events for whoever watches: `presence`, told after the commit."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from app.core.clock import format_instant
from app.core.events import Event
from app.presence.watching import Change

PRESENCE = "presence"
_encode = msgspec.json.Encoder().encode


def as_events(changes: Iterable[Change]) -> list[Event]:
    """One event a workspace, its items by server."""
    items: dict[int, dict[str, bytes]] = defaultdict(dict)
    for change in changes:
        told = {"server_ulid": change.server_ulid, "status": change.status, "at": format_instant(change.at)}
        items[change.workspace_id][change.server_ulid] = _encode(told)
    return [Event(workspace_id, PRESENCE, of_servers) for workspace_id, of_servers in items.items()]
