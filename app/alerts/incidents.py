"""Incidents as people work on them: seen, acknowledged, commented, resolved."""

from collections.abc import Collection

from app.alerts import incident_queries as queries
from app.alerts.errors import IncidentResolved, NoSuchIncident
from app.alerts.rule_schemas import IncidentDetail, IncidentRead, TimelineEntry
from app.alerts.tables import Incident, IncidentEvent
from app.auth.principals import Principal
from app.core import clock
from app.core.db import ReadSession, WriteSession
from app.core.paging import Asked, Page


async def page(
    session: ReadSession,
    workspace_id: int,
    states: Collection[str],
    server_ulid: str | None,
    rule_ulid: str | None,
    asked: Asked,
) -> Page[IncidentRead]:
    """The workspace's incidents, newest first."""
    statement = queries.incidents(workspace_id, states, server_ulid, rule_ulid, asked)
    found = (await session.scalars(statement)).all()
    return asked.cut(found, lambda incident: (incident.incident_ulid,)).map(_read)


async def get(session: ReadSession | WriteSession, workspace_id: int, incident_ulid: str) -> IncidentDetail:
    """An incident with its timeline. Raises: NoSuchIncident."""
    incident = await _find(session, workspace_id, incident_ulid)
    return await _detail(session, incident)


async def acknowledge(session: WriteSession, principal: Principal, incident_ulid: str) -> IncidentDetail:
    """Somebody looks after it; again changes nothing. Raises: NoSuchIncident, IncidentResolved."""
    incident = await _find(session, principal.workspace_id, incident_ulid, lock=True)
    _require_unresolved(incident)
    if incident.state == "open":
        incident.state = "acknowledged"
        _note(session, incident, "acknowledged", principal.name)
    return await _detail(session, incident)


async def comment(session: WriteSession, principal: Principal, incident_ulid: str, text: str) -> IncidentDetail:
    """Add a remark, also to what is resolved. Raises: NoSuchIncident."""
    incident = await _find(session, principal.workspace_id, incident_ulid, lock=True)
    _note(session, incident, "commented", principal.name, text)
    return await _detail(session, incident)


async def resolve(session: WriteSession, principal: Principal, incident_ulid: str) -> IncidentDetail:
    """End it by hand; the rule fires anew when its condition has ended and begun again.

    Raises: NoSuchIncident, IncidentResolved.
    """
    incident = await _find(session, principal.workspace_id, incident_ulid, lock=True)
    _require_unresolved(incident)
    _end(session, incident, principal.name)
    return await _detail(session, incident)


async def resolve_all(session: WriteSession, rule_id: int, actor: str, text: str) -> None:
    """End what a rule has open, for the reason in `text`."""
    for incident in (await session.scalars(queries.unresolved_of(rule_id))).all():
        _end(session, incident, actor, text)


def _end(session: WriteSession, incident: Incident, actor: str, text: str | None = None) -> None:
    incident.state, incident.resolved_at = "resolved", clock.now()
    _note(session, incident, "resolved", actor, text)


def _note(session: WriteSession, incident: Incident, event: str, actor: str, text: str | None = None) -> None:
    session.add(IncidentEvent(incident_id=incident.incident_id, event=event, actor=actor, text=text))


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
    events = (await session.scalars(queries.timeline(incident.incident_id))).all()
    return IncidentDetail(timeline=[_entry(event) for event in events], **_read(incident).model_dump())


def _entry(event: IncidentEvent) -> TimelineEntry:
    facts = {"at": event.at, "event": event.event, "actor": event.actor, "text": event.text, "why": event.trace}
    return TimelineEntry.model_validate(facts)


def _read(incident: Incident) -> IncidentRead:
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
            "why": incident.trace,
        }
    )
