"""Statements of rules and incidents: those of the watcher, on the connection that leads, and those of the routes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, LiteralString

from sqlalchemy import DateTime, Label, Select, Update, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import aliased

from app.alerts.incident_schemas import IncidentFilter, SilenceState
from app.alerts.tables import Channel, DeliveryAttempt, Incident, IncidentEvent, Notification, Rule, Silence
from app.core.paging import Asked

# Which rows of `silence` lie on a row of `incident` now.
SILENCED: LiteralString = """
    silence.workspace_id = incident.workspace_id AND silence.starts_at <= now() AND silence.ends_at > now()
    AND (silence.server_ulids IS NULL OR incident.server_ulid = ANY(silence.server_ulids))
    AND (silence.rule_ulids IS NULL OR incident.rule_ulid = ANY(silence.rule_ulids))
    AND (silence.severities IS NULL OR incident.severity = ANY(silence.severities))
    AND (silence.tag_name IS NULL OR EXISTS (
        SELECT FROM server WHERE server.server_id = incident.server_id
               AND server.tags ->> silence.tag_name = silence.tag_value))
"""

# Instants are microseconds since 1970.
RULES: LiteralString = """
    SELECT rule_id, workspace_id, condition, schedule, (extract(epoch FROM judged_from) * 1000000)::int8,
           server_ulids, tag_name, tag_value
    FROM rule WHERE enabled ORDER BY rule_id
"""
# Differs when a server was made, changed or deleted: each of them writes a row anew.
SERVERS_CHANGED: LiteralString = """
    SELECT workspace_id, count(*), sum(xmin::text::int8) FROM server WHERE workspace_id = ANY(%s) GROUP BY 1
"""
STATES: LiteralString = """
    SELECT server_id, phase, since, seen, parts FROM rule_state
    WHERE rule_id = %(rule)s AND (%(server)s::int IS NULL OR server_id = %(server)s::int)
"""
# Servers at which a rule has something open, though it looks at them no more.
LEFT: LiteralString = """
    SELECT server_id FROM incident
    WHERE rule_id = %(rule)s AND state <> 'resolved' AND server_id <> ALL(%(servers)s::int[])
"""
# What is open at a server that is there no more.
END_ORPHANS: LiteralString = """
    WITH ended AS (
        UPDATE incident SET state = 'resolved', resolved_at = now()
        WHERE rule_id = %s AND state <> 'resolved' AND server_id IS NULL RETURNING incident_id
    )
    INSERT INTO incident_event (incident_id, event, text)
    SELECT incident_id, 'resolved', 'The server was deleted.' FROM ended
"""
LAST_ARRIVALS: LiteralString = """
    SELECT server_id, (extract(epoch FROM last_arrival_at) * 1000000)::int8
    FROM server_activity WHERE server_id = ANY(%s)
"""
UNRESOLVED: LiteralString = """
    SELECT incident_ulid FROM incident WHERE rule_id = %s AND server_id = %s AND state <> 'resolved'
"""
# Now, and since when ingest has worked and until when it was seen working.
CLOCK: LiteralString = """
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8,
           (SELECT (extract(epoch FROM since) * 1000000)::int8 FROM platform_beat WHERE part = 'ingest'),
           (SELECT (extract(epoch FROM beat_at) * 1000000)::int8 FROM platform_beat WHERE part = 'ingest')
"""
# The servers that a rule looks at.
IN_SCOPE: LiteralString = """
    SELECT server_id, server_ulid, name FROM server
    WHERE workspace_id = %(workspace)s
      AND (%(server_ulids)s::text[] IS NULL OR server_ulid = ANY(%(server_ulids)s))
      AND (%(tag_name)s::text IS NULL OR tags ->> %(tag_name)s::text = %(tag_value)s::text)
    ORDER BY server_id
"""
ARRIVED: LiteralString = """
    SELECT coalesce(array_agg(server_id), '{}') FROM server_activity
    WHERE last_arrival_at > clock_timestamp() - make_interval(secs => %s)
"""
# A rule or a server that was deleted since it was read has no state.
SAVE: LiteralString = """
    INSERT INTO rule_state AS known (rule_id, server_id, phase, since, seen, parts)
    SELECT stood.rule_id, stood.server_id, stood.phase, stood.since, stood.seen, stood.parts::jsonb
    FROM unnest(%s::int[], %s::int[], %s::text[], %s::int8[], %s::int8[], %s::text[])
        AS stood (rule_id, server_id, phase, since, seen, parts)
    JOIN rule USING (rule_id) JOIN server USING (server_id)
    FOR KEY SHARE OF rule, server
    ON CONFLICT (rule_id, server_id) DO UPDATE
    SET phase = excluded.phase, since = excluded.since, seen = excluded.seen, parts = excluded.parts
"""


def rules(workspace_id: int, asked: Asked) -> Select[Rule]:
    """The workspace's rules, oldest first."""
    statement = select(Rule).where(Rule.workspace_id == workspace_id).order_by(Rule.rule_ulid).limit(asked.fetch)
    key = asked.key(str)
    return statement.where(Rule.rule_ulid > key[0]) if key else statement


def rule(workspace_id: int, rule_ulid: str) -> Select[Rule]:
    return select(Rule).where(Rule.workspace_id == workspace_id, Rule.rule_ulid == rule_ulid)


def incident(workspace_id: int, incident_ulid: str) -> Select[Incident]:
    return select(Incident).where(Incident.workspace_id == workspace_id, Incident.incident_ulid == incident_ulid)


def unresolved_of(rule_id: int) -> Select[Incident]:
    return select(Incident).where(Incident.rule_id == rule_id, Incident.state != "resolved").with_for_update()


def incidents(workspace_id: int, wanted: IncidentFilter, asked: Asked) -> Select[Any]:
    """Newest first, each with the end of the silence that lies on it."""
    statement = select(Incident, silenced_until()).where(Incident.workspace_id == workspace_id)
    if wanted.state:
        statement = statement.where(Incident.state.in_(wanted.state))
    if wanted.severity:
        statement = statement.where(Incident.severity.in_(wanted.severity))
    if wanted.server_ulid is not None:
        statement = statement.where(Incident.server_ulid == wanted.server_ulid.upper())
    if wanted.rule_id is not None:
        statement = statement.where(Incident.rule_ulid == wanted.rule_id.upper())
    if wanted.start_time is not None:
        statement = statement.where(Incident.opened_at >= wanted.start_time)
    if wanted.end_time is not None:
        statement = statement.where(Incident.opened_at <= wanted.end_time)
    if key := asked.key(str):
        statement = statement.where(Incident.incident_ulid < key[0])
    return statement.order_by(Incident.incident_ulid.desc()).limit(asked.fetch)


def silenced_until() -> Label[Any]:
    """Until when a row of `incident` is silenced; null: it is not."""
    last = f"(SELECT max(silence.ends_at) FROM silence WHERE {SILENCED})"  # noqa: S608 - of constants
    return literal_column(last, DateTime(timezone=True)).label("silenced_until")


def silence_on(incident_id: int) -> Select[Any]:
    """Until when an incident is silenced."""
    return select(silenced_until()).select_from(Incident).where(Incident.incident_id == incident_id)


def timeline(incident_id: int, limit: int) -> Select[IncidentEvent]:
    """What happened to it, newest first."""
    statement = select(IncidentEvent).where(IncidentEvent.incident_id == incident_id)
    return statement.order_by(IncidentEvent.event_id.desc()).limit(limit)


def attempts(incident_id: int, limit: int) -> Select[DeliveryAttempt, str, str, str, str]:
    """Attempts to tell of it, newest first: each with the event, the channel's identifier and name, and its own id.

    Notifications that are grouped were told by another one.
    """
    told = aliased(Notification)
    return (
        select(DeliveryAttempt, told.event, Channel.channel_ulid, Channel.name, told.notification_ulid)
        .join(told, told.notification_id == DeliveryAttempt.notification_id)
        .join(Channel, Channel.channel_id == told.channel_id)
        .where(
            DeliveryAttempt.notification_id.in_(
                select(func.coalesce(Notification.head_id, Notification.notification_id)).where(
                    Notification.incident_id == incident_id
                )
            )
        )
        .order_by(DeliveryAttempt.attempt_id.desc())
        .limit(limit)
    )


def silence(workspace_id: int, silence_ulid: str) -> Select[Silence]:
    return select(Silence).where(Silence.workspace_id == workspace_id, Silence.silence_ulid == silence_ulid)


def silences(workspace_id: int, states: Collection[SilenceState], moment: datetime, asked: Asked) -> Select[Silence]:
    """Newest first; in these states at that moment, when any are given."""
    statement = select(Silence).where(Silence.workspace_id == workspace_id)
    if states:
        of_state = {
            "ended": Silence.ends_at <= moment,
            "pending": and_(Silence.starts_at > moment, Silence.ends_at > moment),
            "active": and_(Silence.starts_at <= moment, Silence.ends_at > moment),
        }
        statement = statement.where(or_(*(of_state[state] for state in states)))
    if key := asked.key(str):
        statement = statement.where(Silence.silence_ulid < key[0])
    return statement.order_by(Silence.silence_ulid.desc()).limit(asked.fetch)


def hold_until(silence_id: int, until: datetime) -> Update:
    """What a silence holds back is looked at again then."""
    held = (Notification.silence_id == silence_id, Notification.state == "queued")
    return update(Notification).where(*held).values(next_at=until)
