"""Jobs: how far they are and what came of them; cancelling, and trying again."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks

from app.auth.deps import InReadTransaction, InWriteTransaction, Reader, Writer
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.jobs import control, service
from app.jobs.schemas import JobLogLine, JobRead, KindFilter, StateFilter

router = APIRouter(
    prefix="/jobs", tags=["jobs"], route_class=StrictRoute, responses=problems(Unauthorized, Forbidden, NotFound)
)
JobPath = Annotated[str, IdPath]


@router.get("")
async def jobs(
    principal: Reader, session: InReadTransaction, pages: Pages, kind: KindFilter = None, state: StateFilter = None
) -> list[JobRead]:
    """The workspace's jobs, newest first; `state=failed` are the dead letters, which can be tried again."""
    return pages.give(await control.page(session, principal.workspace_id, kind or (), state or (), pages.asked))


@router.get("/{job_id}")
async def job(job_id: JobPath, principal: Reader, session: InReadTransaction) -> JobRead:
    """How far a job is, and its result or the reason of its failure."""
    return await service.get(session, principal.workspace_id, job_id)


@router.get("/{job_id}/log")
async def job_log(job_id: JobPath, principal: Reader, session: InReadTransaction, pages: Pages) -> list[JobLogLine]:
    """What happened to a job, oldest first: when it was begun, sent again, asked to stop, and how it ended."""
    return pages.give(await control.log(session, principal.workspace_id, job_id, pages.asked))


@router.post("/{job_id}/cancel", responses=problems(Conflict))
async def cancel_job(job_id: JobPath, principal: Writer, session: InWriteTransaction) -> JobRead:
    """Stop a job. A queued one ends at once; a running one at its next slice, and what it committed before stays.

    A job that is done or has failed is a 409; cancelling twice changes nothing.
    """
    return await control.cancel(session, principal, job_id)


@router.post("/{job_id}/retry", status_code=202, responses=problems(Conflict))
async def retry_job(
    job_id: JobPath, principal: Writer, session: InWriteTransaction, background: BackgroundTasks
) -> JobRead:
    """Try a failed or cancelled job again; it goes on where it ended. Any other is a 409.

    A deletion, a sealing or a verification takes an administrator, as it did to begin it.
    """
    job, request_id = await control.retry(session, principal, job_id)
    background.add_task(service.announce, job.kind, job.job_id, request_id)
    return job
