"""Incidents as people work on them: seen, acknowledged, commented, resolved."""

from datetime import datetime
from typing import Any

from app.alerts import announcing, telling
from app.alerts import incident_queries as queries
from app.alerts.errors import IncidentResolved, NoSuchIncident
from app.alerts.incident_schemas import IncidentDetail, IncidentFilter, IncidentRead, TimelineEntry
from app.alerts.tables import Incident, IncidentEvent
from app.alerts.telling import Happened
from app.auth.principals import Principal
from app.core import clock, db
from app.core.db import ReadSession, WriteSession
from app.core.paging import Asked, Page

# Of one that comes and goes all day, or whose receiver is away, the newest lines and attempts are shown.
MAX_LINES = 1000


async def page(session: ReadSession, workspace_id: int, wanted: IncidentFilter, asked: Asked) -> Page[IncidentRead]:
    """The workspace's incidents, newest first."""
    found = (await session.execute(queries.incidents(workspace_id, wanted, asked))).all()
    return asked.cut(found, lambda row: (row[0].incident_ulid,)).map(lambda row: _read(*row))


async def get(session: ReadSession | WriteSession, workspace_id: int, incident_ulid: str) -> IncidentDetail:
    """An incident with its timeline. Raises: NoSuchIncident."""
    return await _detail(session, await _find(session, workspace_id, incident_ulid))


async def acknowledge(session: WriteSession, principal: Principal, incident_ulid: str) -> IncidentDetail:
    """Somebody looks after it; again changes nothing. Raises: NoSuchIncident, IncidentResolved."""
    incident = await _find(session, principal.workspace_id, incident_ulid, lock=True)
    _require_unresolved(incident)
    if incident.state == "open":
        incident.state, incident.acknowledged_at = "acknowledged", clock.now()
        incident.acknowledged_by = principal.name
        await _note(session, [incident], "acknowledged", principal.name)
    return await _detail(session, incident)


async def comment(session: WriteSession, principal: Principal, incident_ulid: str, text: str) -> IncidentDetail:
    """Add a remark, also to what is resolved. Raises: NoSuchIncident."""
    incident = await _find(session, principal.workspace_id, incident_ulid, lock=True)
    await _note(session, [incident], "commented", principal.name, text)
    return await _detail(session, incident)


async def resolve(session: WriteSession, principal: Principal, incident_ulid: str) -> IncidentDetail:
    """End it by hand; the rule fires anew when its condition has ended and begun again.

    Raises: NoSuchIncident, IncidentResolved.
    """
    incident = await _find(session, principal.workspace_id, incident_ulid, lock=True)
    _require_unresolved(incident)
    await _end(session, [incident], principal.name)
    return await _detail(session, incident)


async def resolve_all(session: WriteSession, rule_id: int, actor: str, text: str) -> None:
    """End what a rule has open, for the reason in `text`."""
    found = (await session.scalars(queries.unresolved_of(rule_id))).all()
    await _end(session, list(found), actor, text)


async def _end(session: WriteSession, incidents: list[Incident], actor: str, text: str | None = None) -> None:
    moment = clock.now()
    for incident in incidents:
        incident.state, incident.resolved_at, incident.resolved_by = "resolved", moment, actor
    await _note(session, incidents, "resolved", actor, text)


async def _note(
    session: WriteSession, incidents: list[Incident], event: str, actor: str, text: str | None = None
) -> None:
    """A line in each timeline; channels and whoever watches are told."""
    lines = [
        IncidentEvent(incident_id=incident.incident_id, event=event, actor=actor, text=text) for incident in incidents
    ]
    session.add_all(lines)
    await session.flush()
    changes = [_happened(incident, line) for incident, line in zip(incidents, lines, strict=True)]
    await telling.queue(await db.driver_of(session), changes)
    announcing.note(session, changes)


def _happened(incident: Incident, line: IncidentEvent) -> Happened:
    """What a person did to an incident; it needs no damping."""
    return Happened(
        event=line.event,
        incident_id=incident.incident_id,
        incident_ulid=incident.incident_ulid,
        workspace_id=incident.workspace_id,
        rule_id=incident.rule_id,
        rule_ulid=incident.rule_ulid,
        rule_name=incident.rule_name,
        server_ulid=incident.server_ulid,
        server_name=incident.server_name,
        severity=incident.severity,
        state=incident.state,
        reopened=incident.reopened,
        reopen_seconds=0,
        event_id=line.event_id,
        at=clock.format_instant(line.at),
    )


def _require_unresolved(incident: Incident) -> None:
    if incident.state == "resolved":
        raise IncidentResolved("This incident is resolved already.")


async def _find(
    session: ReadSession | WriteSession, workspace_id: int, incident_ulid: str, *, lock: bool = False
) -> Incident:
    statement = queries.incident(workspace_id, incident_ulid)
    incident = await session.scalar(statement.with_for_update() if lock else statement)
    if incident is None:
        raise NoSuchIncident("There is no incident {incident!r} in this workspace.", incident=incident_ulid)
    return incident


async def _detail(session: ReadSession | WriteSession, incident: Incident) -> IncidentDetail:
    number = incident.incident_id
    silenced = await session.scalar(queries.silence_on(number))
    lines = (await session.scalars(queries.timeline(number, MAX_LINES))).all()
    attempts = (await session.execute(queries.attempts(number, MAX_LINES))).all()
    entries = [*map(_line, lines), *map(_attempt, attempts)]
    entries.sort(key=lambda entry: entry.at)
    return IncidentDetail(timeline=entries[-MAX_LINES:], **_read(incident, silenced).model_dump())


def _line(row: IncidentEvent) -> TimelineEntry:
    facts = {"at": row.at, "event": row.event, "actor": row.actor, "text": row.text, "why": row.trace}
    return TimelineEntry.model_validate(facts)


def _attempt(row: Any) -> TimelineEntry:
    attempt, told, channel_ulid, channel_name, notification_ulid = row
    return TimelineEntry(
        at=attempt.at,
        event="delivered" if attempt.delivered else "delivery_failed",
        text=attempt.error,
        told=told,
        channel_id=channel_ulid,
        channel_name=channel_name,
        notification_id=notification_ulid,
    )


def _read(incident: Incident, silenced_until: datetime | None) -> IncidentRead:
    return IncidentRead.model_validate(
        {
            "incident_id": incident.incident_ulid,
            "rule_id": incident.rule_ulid,
            "rule_name": incident.rule_name,
            "server_ulid": incident.server_ulid,
            "server_name": incident.server_name,
            "severity": incident.severity,
            "state": incident.state,
            "opened_at": incident.opened_at,
            "resolved_at": incident.resolved_at,
            "acknowledged_at": incident.acknowledged_at,
            "acknowledged_by": incident.acknowledged_by,
            "resolved_by": incident.resolved_by,
            "reopened": incident.reopened,
            "silenced_until": None if incident.state == "resolved" else silenced_until,
            "why": incident.trace,
        }
    )
