"""Silences: for a time nothing is told of what matches. Incidents open and end all the same.

What is held back by a silence goes out when it ends, unless it is over by then.
"""

from datetime import datetime

from app.alerts import incident_queries as queries
from app.alerts.errors import NoSuchSilence, SilenceEnded
from app.alerts.incident_schemas import MAX_SILENCE, SilenceCreate, SilenceRead, SilenceState
from app.alerts.tables import Silence
from app.auth import audit
from app.auth.principals import Principal
from app.core import clock
from app.core.db import ReadSession, WriteSession
from app.core.errors import invalid_field
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page


async def create(session: WriteSession, principal: Principal, body: SilenceCreate) -> SilenceRead:
    """Hold back what matches, from now or later on. What does not exist yet may be named: it matches once it does."""
    silence = Silence(
        silence_ulid=new_ulid(),
        workspace_id=principal.workspace_id,
        reason=body.reason,
        server_ulids=_upper(body.server_ulids),
        tag_name=body.tag.name if body.tag else None,
        tag_value=body.tag.value if body.tag else None,
        rule_ulids=_upper(body.rule_ids),
        severities=list(body.severities) if body.severities else None,
        starts_at=body.starts_at or clock.now(),
        ends_at=body.until,
        created_by=principal.name,
    )
    session.add(silence)
    await session.flush()
    shown = _read(silence)
    audit.record(session, principal, "silence.create", silence.silence_ulid, after=shown.model_dump(mode="json"))
    return shown


async def page(session: ReadSession, workspace_id: int, states: list[SilenceState], asked: Asked) -> Page[SilenceRead]:
    """The workspace's silences, newest first."""
    found = (await session.scalars(queries.silences(workspace_id, states, clock.now(), asked))).all()
    return asked.cut(found, lambda silence: (silence.silence_ulid,)).map(_read)


async def get(session: ReadSession, workspace_id: int, silence_ulid: str) -> SilenceRead:
    """Raises: NoSuchSilence."""
    return _read(await _find(session, workspace_id, silence_ulid))


async def patch(session: WriteSession, principal: Principal, silence_ulid: str, until: datetime) -> SilenceRead:
    """End it later or earlier. Raises: NoSuchSilence, SilenceEnded, Invalid."""
    silence = await _find(session, principal.workspace_id, silence_ulid, lock=True)
    if silence.ends_at <= clock.now():
        raise SilenceEnded("This silence has ended already; make a new one.")
    if until <= silence.starts_at or until - silence.starts_at > MAX_SILENCE:
        message = "A silence ends after its beginning, and within 366 days"
        raise invalid_field(("body", "until"), message, "silence_length")
    await _end_at(session, principal, silence, until)
    return _read(silence)


async def end(session: WriteSession, principal: Principal, silence_ulid: str) -> None:
    """End it now; what it held back and is still true goes out. Again changes nothing. Raises: NoSuchSilence."""
    silence = await _find(session, principal.workspace_id, silence_ulid, lock=True)
    if silence.ends_at > clock.now():
        await _end_at(session, principal, silence, clock.now())


async def _end_at(session: WriteSession, principal: Principal, silence: Silence, until: datetime) -> None:
    """What it holds back is looked at again when it ends now."""
    before = {"until": clock.format_instant(silence.ends_at)}
    silence.ends_at = until
    await session.execute(queries.hold_until(silence.silence_id, until))
    after = {"until": clock.format_instant(until)}
    audit.record(session, principal, "silence.change", silence.silence_ulid, before, after)


async def _find(
    session: ReadSession | WriteSession, workspace_id: int, silence_ulid: str, *, lock: bool = False
) -> Silence:
    statement = queries.silence(workspace_id, silence_ulid)
    found = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NoSuchSilence("There is no silence {silence!r} in this workspace.", silence=silence_ulid)
    return found


def _upper(ulids: list[str] | None) -> list[str] | None:
    return None if ulids is None else [ulid.upper() for ulid in ulids]


def _state(silence: Silence) -> SilenceState:
    moment = clock.now()
    if silence.ends_at <= moment:
        return "ended"
    return "pending" if silence.starts_at > moment else "active"


def _read(silence: Silence) -> SilenceRead:
    tag = None if silence.tag_name is None else {"name": silence.tag_name, "value": silence.tag_value}
    return SilenceRead.model_validate(
        {
            "silence_id": silence.silence_ulid,
            "reason": silence.reason,
            "server_ulids": silence.server_ulids,
            "tag": tag,
            "rule_ids": silence.rule_ulids,
            "severities": silence.severities,
            "starts_at": silence.starts_at,
            "until": silence.ends_at,
            "state": _state(silence),
            "created_by": silence.created_by,
            "created_at": silence.created_at,
        }
    )
