"""What is told of an incident's change: a row for each channel of its rule, in the transaction of the change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from app.core.copy import Connection
from app.core.identifiers import new_ulid

_CHANNELS: LiteralString = """
    SELECT rule_id, channel_id, events, group_seconds
    FROM rule JOIN channel ON channel_ulid = ANY(channel_ulids) AND channel.workspace_id = rule.workspace_id
    WHERE rule_id = ANY(%s) AND channel.enabled
    FOR KEY SHARE OF channel
"""
# What was held back is over before it was told.
_CANCEL_ENDS: LiteralString = """
    UPDATE notification SET state = 'cancelled'
    WHERE incident_id = ANY(%s) AND event = 'incident.resolved' AND state = 'queued' AND NOT begun
"""
_CANCEL_SILENCED: LiteralString = """
    UPDATE notification SET state = 'cancelled'
    WHERE incident_id = ANY(%s) AND silence_id IS NOT NULL AND state = 'queued' AND NOT begun
    RETURNING incident_id, channel_id, event
"""
_QUEUE: LiteralString = """
    INSERT INTO notification
        (notification_ulid, workspace_id, channel_id, event, body, state, incident_id, event_id, next_at)
    SELECT ulid, workspace_id, channel_id, event, '{}', 'queued', incident_id, event_id,
           now() + make_interval(secs => wait)
    FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[], %s::int8[], %s::int8[], %s::int[])
        AS queued (ulid, workspace_id, channel_id, event, incident_id, event_id, wait)
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of an incident: `event` is opened, reopened, acknowledged, commented or resolved."""

    event: str
    incident_id: int
    incident_ulid: str
    workspace_id: int
    rule_id: int | None
    rule_ulid: str
    rule_name: str
    server_ulid: str
    server_name: str
    severity: str
    state: str
    reopened: int
    reopen_seconds: int
    event_id: int = 0
    """The line of the timeline."""
    at: str = ""
    """When: the readings' own time where a rule decided; ISO 8601."""

    @property
    def wait_seconds(self) -> int:
        """An end that may be none is told when it has lasted."""
        return self.reopen_seconds if self.event == "resolved" and self.reopened else 0

    @property
    def is_told(self) -> bool:
        """Not each time that something comes and goes: the first time says so."""
        return self.event != "commented" and not (self.event == "reopened" and self.reopened > 1)


async def queue(connection: Connection, changes: Sequence[Happened]) -> None:
    """Queue what is to be told of these changes, one an incident, within the caller's transaction."""
    began = [change.incident_id for change in changes if change.event == "reopened"]
    if began:
        await connection.execute(_CANCEL_ENDS, (began,))
    untold = await _forget_silenced(connection, changes)
    rules = sorted({change.rule_id for change in changes if change.rule_id is not None and change.is_told})
    if not rules:
        return
    channels = await (await connection.execute(_CHANNELS, (rules,))).fetchall()
    rows = [row for row in _rows(changes, channels) if (row[4], row[2]) not in untold]
    if rows:
        await connection.execute(_QUEUE, [list(column) for column in zip(*rows, strict=True)])


async def _forget_silenced(connection: Connection, changes: Iterable[Happened]) -> set[tuple[int, int]]:
    """Incidents and channels of which nothing was told yet, because of a silence, and which are over now."""
    ended = [change.incident_id for change in changes if change.event == "resolved"]
    if not ended:
        return set()
    rows = await (await connection.execute(_CANCEL_SILENCED, (ended,))).fetchall()
    return {(incident, channel) for incident, channel, event in rows if event == "incident.opened"}


def _rows(changes: Iterable[Happened], channels: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    of_rule: dict[int, list[tuple[Any, ...]]] = {}
    for rule_id, *channel in channels:
        of_rule.setdefault(rule_id, []).append(tuple(channel))
    for change in changes:
        if change.rule_id is None or not change.is_told:
            continue
        for channel_id, events, group_seconds in of_rule.get(change.rule_id, ()):
            if _wants(events, change.event):
                wait = max(group_seconds, change.wait_seconds)
                event = f"incident.{change.event}"
                yield (
                    new_ulid(), change.workspace_id, channel_id, event, change.incident_id, change.event_id, wait
                )  # fmt: skip


def _wants(events: Sequence[str], event: str) -> bool:
    """Whoever wants to know that it opened wants to know that it did so again."""
    return event in events or (event == "reopened" and "opened" in events)
