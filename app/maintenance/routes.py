"""Maintenance of stored readings."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response

from app.auth.deps import Admin
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden, Invalid, NotFound, Unauthorized, Unavailable
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.maintenance import running, service
from app.maintenance.schemas import DeletionQuery, SealQuery

router = APIRouter(route_class=StrictRoute)


@router.delete(
    "/data",
    tags=["readings"],
    responses={
        **problems(Unauthorized, Forbidden, NotFound, Invalid, Unavailable),
        202: {"model": JobRead, "description": "A job deletes them."},
    },
)
async def delete_readings(
    request: Request,
    response: Response,
    background: BackgroundTasks,
    query: Annotated[DeletionQuery, Query()],
    principal: Admin,
    database: DatabaseDep,
) -> JobRead:
    """Delete a server's readings of a range, or one quantity of them; noted in the audit log.

    A few days' worth are gone with the answer, 200 with the job that did it; of more a job takes care, 202. Its
    `result` tells how many readings were deleted or lost the quantity. What arrives meanwhile may stay.
    """
    request_id = request.scope["request_id"]
    job, small = await service.accept_deletion(database, principal, query, request_id)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    if small:
        await running.run_data_deletion(database, job.job_id)
        async with database.read(principal.workspace_id) as session:
            return await jobs.get(session, principal.workspace_id, job.job_id)
    response.status_code = 202
    background.add_task(jobs.announce, "data_deletion", job.job_id, request_id)
    return job


@router.post(
    "/maintenance/seal",
    tags=["operation"],
    status_code=202,
    responses=problems(Unauthorized, Forbidden, NotFound, Invalid),
)
async def seal(
    request: Request,
    response: Response,
    background: BackgroundTasks,
    query: Annotated[SealQuery, Query()],
    principal: Admin,
    database: DatabaseDep,
    settings: SettingsDep,
) -> JobRead:
    """Seal the hours that are due now, of every workspace, without waiting for the sealer that comes every minute.

    For administrators of the installation. No answer changes by it. Follow the job at `GET /jobs/{job_id}`.
    """
    request_id = request.scope["request_id"]
    job = await service.accept_seal(database, principal, query, settings.seal_lag_minutes, request_id)
    background.add_task(jobs.announce, "seal", job.job_id, request_id)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return job


@router.post(
    "/maintenance/verify", tags=["operation"], status_code=202, responses=problems(Unauthorized, Forbidden, NotFound)
)
async def verify(
    request: Request, response: Response, background: BackgroundTasks, principal: Admin, database: DatabaseDep
) -> JobRead:
    """Decode every segment of every workspace, compute its statistics anew and repair those that drifted.

    For administrators of the installation; samples are looked at all the time. Follow the job at `GET /jobs/{job_id}`.
    """
    request_id = request.scope["request_id"]
    job = await service.accept_verification(database, principal, request_id)
    background.add_task(jobs.announce, "verification", job.job_id, request_id)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return job
