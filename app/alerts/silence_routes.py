"""Silences."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response

from app.alerts import delivering, silences
from app.alerts.incident_schemas import SilenceCreate, SilencePatch, SilenceRead, SilenceState
from app.auth.deps import InReadTransaction, InWriteTransaction, Reader, Writer
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute

router = APIRouter(
    prefix="/silences",
    tags=["alerts"],
    route_class=StrictRoute,
    responses=problems(Unauthorized, Forbidden, NotFound),
)
SilencePath = Annotated[str, IdPath]
StateFilter = Annotated[
    list[SilenceState] | None, Query(description="Only those in one of these states; repeat it for several.")
]


@router.post("", status_code=201)
async def create_silence(
    body: SilenceCreate, principal: Writer, session: InWriteTransaction, response: Response
) -> SilenceRead:
    """For a time tell nothing of incidents that match: of these servers, this tag, these rules and these severities.

    Left out, a matcher matches everything; without any the whole workspace is silenced. Incidents open and end all
    the same. What is held back goes out when the silence ends, unless it is over by then.
    """
    silence = await silences.create(session, principal, body)
    response.headers["Location"] = f"/silences/{silence.silence_id}"
    return silence


@router.get("")
async def list_silences(
    principal: Reader, session: InReadTransaction, pages: Pages, state: StateFilter = None
) -> list[SilenceRead]:
    """The workspace's silences, newest first."""
    return pages.give(await silences.page(session, principal.workspace_id, state or [], pages.asked))


@router.get("/{silence_id}")
async def silence(silence_id: SilencePath, principal: Reader, session: InReadTransaction) -> SilenceRead:
    """One silence."""
    return await silences.get(session, principal.workspace_id, silence_id)


@router.patch("/{silence_id}", responses=problems(Conflict))
async def change_silence(
    silence_id: SilencePath,
    body: SilencePatch,
    principal: Writer,
    session: InWriteTransaction,
) -> SilenceRead:
    """End it later or earlier. One that has ended is a 409."""
    return await silences.patch(session, principal, silence_id, body.until)


@router.delete("/{silence_id}", status_code=204)
async def end_silence(
    silence_id: SilencePath, principal: Writer, session: InWriteTransaction, background: BackgroundTasks
) -> None:
    """End it now; it can still be read. What it held back and is still true goes out."""
    await silences.end(session, principal, silence_id)
    background.add_task(delivering.nudge)
