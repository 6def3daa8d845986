"""Statements of rules and incidents: those of the watcher, on the connection that leads, and those of the routes."""

from collections.abc import Collection
from typing import LiteralString

from sqlalchemy import Select, select

from app.alerts.tables import Incident, IncidentEvent, Rule
from app.core.paging import Asked

# Every enabled rule with each server that it looks at, and where it stands there.
FOLLOWED: LiteralString = """
    SELECT rule.rule_id, rule.condition, server.server_id, state.phase, state.since,
           coalesce(state.seen, (extract(epoch FROM rule.created_at) * 1000000)::int8)
    FROM rule
    JOIN server ON server.workspace_id = rule.workspace_id
         AND (rule.server_ulids IS NULL OR server.server_ulid = ANY(rule.server_ulids))
         AND (rule.tag_name IS NULL OR server.tags ->> rule.tag_name = rule.tag_value)
    LEFT JOIN rule_state AS state ON state.rule_id = rule.rule_id AND state.server_id = server.server_id
    WHERE rule.enabled
"""
ARRIVED: LiteralString = """
    SELECT server_id FROM server_activity WHERE last_arrival_at > clock_timestamp() - make_interval(secs => %s)
"""
PRESENCE: LiteralString = """
    SELECT server_id, (extract(epoch FROM started_at) * 1000000)::int8, status,
           (extract(epoch FROM clock_timestamp()) * 1000000)::int8
    FROM presence_interval WHERE ended_at IS NULL AND server_id = ANY(%s)
"""
# A rule or a server that was deleted since it was read has no state.
SAVE: LiteralString = """
    INSERT INTO rule_state AS known (rule_id, server_id, phase, since, seen)
    SELECT stood.* FROM unnest(%s::int[], %s::int[], %s::text[], %s::int8[], %s::int8[])
        AS stood (rule_id, server_id, phase, since, seen)
    JOIN rule USING (rule_id) JOIN server USING (server_id)
    FOR KEY SHARE OF rule, server
    ON CONFLICT (rule_id, server_id) DO UPDATE
    SET phase = excluded.phase, since = excluded.since, seen = excluded.seen
"""
OPEN: LiteralString = """
    INSERT INTO incident (incident_ulid, workspace_id, rule_id, server_id, rule_ulid, rule_name, server_ulid,
                          server_name, severity, state, opened_at, trace)
    SELECT %(ulid)s, rule.workspace_id, rule_id, server_id, rule_ulid, rule.name, server_ulid, server.name, severity,
           'open', %(at)s, %(trace)s
    FROM rule, server WHERE rule_id = %(rule)s AND server_id = %(server)s AND enabled
    ON CONFLICT (rule_id, server_id) WHERE state <> 'resolved' DO NOTHING
    RETURNING incident_id
"""
RESOLVE: LiteralString = """
    UPDATE incident SET state = 'resolved', resolved_at = %(at)s
    WHERE rule_id = %(rule)s AND server_id = %(server)s AND state <> 'resolved'
    RETURNING incident_id
"""
ADD_EVENT: LiteralString = """
    INSERT INTO incident_event (incident_id, event, trace) VALUES (%(incident)s, %(event)s, %(trace)s)
"""
# One for each channel of the rule that is still there; the identifiers are as many as the rule names channels.
NOTIFY: LiteralString = """
    INSERT INTO notification (notification_ulid, workspace_id, channel_id, event, state, body)
    SELECT (%(ulids)s::text[])[named.place], incident.workspace_id, channel_id, %(event)s, 'queued',
           jsonb_build_object(
               'incident_id', incident_ulid, 'severity', incident.severity, 'at', %(shown_at)s::text,
               'rule', jsonb_build_object('id', incident.rule_ulid, 'name', rule_name),
               'server', jsonb_build_object('id', server_ulid, 'name', server_name), 'why', %(trace)s::jsonb)
    FROM incident
    JOIN rule ON rule.rule_id = incident.rule_id
    CROSS JOIN LATERAL unnest(rule.channel_ulids) WITH ORDINALITY AS named (channel_ulid, place)
    JOIN channel ON channel.channel_ulid = named.channel_ulid AND channel.workspace_id = incident.workspace_id
    WHERE incident_id = %(incident)s
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


def incidents(
    workspace_id: int, states: Collection[str], server_ulid: str | None, rule_ulid: str | None, asked: Asked
) -> Select[Incident]:
    """Newest first; only in these states, of this server, of this rule, when any are given."""
    statement = select(Incident).where(Incident.workspace_id == workspace_id)
    if states:
        statement = statement.where(Incident.state.in_(states))
    if server_ulid is not None:
        statement = statement.where(Incident.server_ulid == server_ulid)
    if rule_ulid is not None:
        statement = statement.where(Incident.rule_ulid == rule_ulid)
    if key := asked.key(str):
        statement = statement.where(Incident.incident_ulid < key[0])
    return statement.order_by(Incident.incident_ulid.desc()).limit(asked.fetch)


def timeline(incident_id: int) -> Select[IncidentEvent]:
    return select(IncidentEvent).where(IncidentEvent.incident_id == incident_id).order_by(IncidentEvent.event_id)
