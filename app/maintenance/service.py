"""Taking maintenance in: a job's row beside the note in the audit log, in one transaction."""

from typing import Any

from app.auth import audit
from app.auth.principals import Principal
from app.core.clock import format_instant, to_microseconds
from app.core.db import Database
from app.core.errors import Forbidden, invalid_field
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.maintenance.schemas import DeletionQuery, SealQuery
from app.readings.deleting import Span, is_small
from app.readings.quantities import NAMES
from app.readings.registry import Registry
from app.servers import service as servers


async def accept_deletion(
    database: Database, principal: Principal, query: DeletionQuery, request_id: str
) -> tuple[JobRead, bool]:
    """The job that deletes these readings, and whether it is so small that it may be done at once.

    Raises: NoSuchServer, Invalid.
    """
    async with database.read(principal.workspace_id) as reading:
        server = await servers.find(reading, principal.workspace_id, query.server_ulid)
        await _check_quantity(database, principal, query.sensor_type)
        span = span_of(query)
        small = await is_small(reading, server.server_id, span)
    parameters = {"server": server.server_id, "start": span.start, "end": span.end, "quantity": query.sensor_type}
    facts = {
        "start_time": format_instant(query.start_time) if query.start_time else None,
        "end_time": format_instant(query.end_time) if query.end_time else None,
        "sensor_type": query.sensor_type,
    }
    job = await _create(
        database, principal, "data_deletion", parameters, request_id, ("data.delete", server.server_ulid, facts)
    )
    return job, small


async def accept_seal(
    database: Database, principal: Principal, query: SealQuery, default_minutes: int, request_id: str
) -> JobRead:
    """The job that seals. Raises: Forbidden."""
    _require_installation(principal)
    minutes = default_minutes if query.lag_minutes is None else query.lag_minutes
    return await _create(database, principal, "seal", {"lag_minutes": minutes}, request_id)


async def accept_verification(database: Database, principal: Principal, request_id: str) -> JobRead:
    """The job that verifies every segment. Raises: Forbidden."""
    _require_installation(principal)
    return await _create(database, principal, "verification", {}, request_id)


def span_of(query: DeletionQuery) -> Span:
    """The asked instants; both bounds are inclusive, so the end lies a microsecond behind."""
    whole = Span()
    start = whole.start if query.start_time is None else to_microseconds(query.start_time)
    return Span(start, whole.end if query.end_time is None else to_microseconds(query.end_time) + 1)


async def _check_quantity(database: Database, principal: Principal, name: str | None) -> None:
    if name is None or name in NAMES:
        return
    known = sorted((*NAMES, *await Registry(database).known(principal.workspace_id)))
    if name not in known:
        expected = ", ".join(map(repr, known))
        message = f"Input should be one of: {expected}"
        raise invalid_field(("query", "sensor_type"), message, "no_such_quantity", expected=expected)


async def _create(
    database: Database,
    principal: Principal,
    kind: str,
    parameters: dict[str, Any],
    request_id: str,
    noted: tuple[str, str, dict[str, Any]] | None = None,
) -> JobRead:
    async with database.write(principal.workspace_id) as session:
        if noted:
            action, target, facts = noted
            audit.record(session, principal, action, target, after=facts)
        job_ulid = jobs.new_job_id()
        return await jobs.create(session, principal.workspace_id, job_ulid, kind, parameters, request_id, principal)


def _require_installation(principal: Principal) -> None:
    if not principal.administers_installation:
        raise Forbidden("Only an administrator of the installation may do this.")
