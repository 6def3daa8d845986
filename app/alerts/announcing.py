"""Incidents and presence as events for whoever watches: `incident` and `presence`, told after the commit."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from app.alerts.telling import Happened
from app.core.db import WriteSession
from app.core.events import Event, Publisher, Watched

INCIDENT = "incident"
_NOTED = "incidents that changed"
_encode = msgspec.json.Encoder().encode


def note(session: WriteSession, changes: Iterable[Happened]) -> None:
    """Remember what changes with this session's transaction, for `tell_noted`."""
    session.info.setdefault(_NOTED, []).extend(changes)


async def tell_noted(publisher: Publisher, session: WriteSession) -> None:
    """Tell what changed with this session's transaction, which has been committed."""
    if changes := session.info.pop(_NOTED, []):
        await tell(publisher, changes)


async def tell(publisher: Publisher, changes: Sequence[Happened]) -> None:
    """Tell what has been committed; never fails."""

    async def events(watched: Watched) -> list[Event]:
        return as_events(change for change in changes if change.workspace_id in watched)

    await publisher.publish(events)


def as_events(changes: Iterable[Happened]) -> list[Event]:
    """One event a workspace, its items by server."""
    items: dict[int, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        items[change.workspace_id][change.server_ulid].append(_encode(_item(change)))
    return [
        Event(workspace_id, INCIDENT, {server: b",".join(each) for server, each in of_servers.items()})
        for workspace_id, of_servers in items.items()
    ]


def _item(change: Happened) -> dict[str, str]:
    return {
        "incident_id": change.incident_ulid,
        "event": change.event,
        "at": change.at,
        "state": change.state,
        "severity": change.severity,
        "rule_id": change.rule_ulid,
        "rule_name": change.rule_name,
        "server_ulid": change.server_ulid,
        "server_name": change.server_name,
    }
