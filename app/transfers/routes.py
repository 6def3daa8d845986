"""Imports of files, and deletions with all that hangs on a thing."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response

from app.auth import cookies, proving
from app.auth.deps import (
    Admin,
    AdminMember,
    InWriteTransaction,
    SignedIn,
    ThrottleDep,
    Writer,
    named_in_the_path,
)
from app.auth.schemas.people import PasswordProof
from app.core import origin
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorized,
)
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.transfers import deletions, service
from app.transfers.schemas import ImportOptions

router = APIRouter(route_class=StrictRoute)

_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {**_FILE, "example": "server_ulid,timestamp,temperature\nDolly #1,2026-01-31T12:00:00Z,25.3\n"},
            "application/x-ndjson": {
                **_FILE,
                "example": '{"server_ulid": "Dolly #1", "timestamp": "2026-01-31T12:00:00Z", "temperature": 25.3}\n',
            },
            "application/vnd.apache.parquet": _FILE,
            "application/vnd.apache.arrow.stream": _FILE,
            "application/gzip": _FILE,
        },
    }
}


@router.post(
    "/imports",
    tags=["jobs"],
    status_code=202,
    openapi_extra=_BODY,
    responses=problems(Unauthorized, Forbidden, NotFound, TooLarge, Invalid),
)
async def import_file(
    request: Request,
    response: Response,
    background: BackgroundTasks,
    options: Annotated[ImportOptions, Query()],
    principal: Writer,
    database: DatabaseDep,
    settings: SettingsDep,
) -> JobRead:
    """Upload a file as the body: CSV, NDJSON, Parquet or an Arrow stream, plain, gzip or zstd; a job imports it. Follow
    it at `GET /jobs/{job_id}`.

    The file's first bytes tell its format. Rows merge as readings of `POST /data` do, so a repeated import changes
    nothing; each must have an instant. Of a table, columns that are not named are passed over, unless
    `other_columns=quantities` makes them custom quantities.
    """
    if options.create_servers:
        principal.require("admin")
    request_id = request.scope["request_id"]
    job = await service.accept_import(database, settings, principal, options, request.stream(), request_id)
    return _announced(job, response, background)


@router.delete(
    "/servers/{server_ulid}",
    tags=["servers"],
    status_code=202,
    responses=problems(Unauthorized, Forbidden, NotFound),
)
async def delete_server(
    server_ulid: Annotated[str, IdPath],
    principal: Admin,
    session: InWriteTransaction,
    response: Response,
    background: BackgroundTasks,
) -> JobRead:
    """Delete a server for good: it is gone at once, with its keys, and a job deletes its readings."""
    job = await deletions.delete_server(session, principal, server_ulid)
    return _announced(job, response, background)


@router.delete(
    "/workspaces/{workspace_ulid}",
    tags=["people"],
    status_code=202,
    dependencies=[Depends(named_in_the_path)],
    responses=problems(Unauthorized, Forbidden, NotFound),
)
async def delete_workspace(
    principal: AdminMember, session: InWriteTransaction, response: Response, background: BackgroundTasks
) -> JobRead:
    """Delete a workspace for good: nobody gets in any more, and a job deletes its servers, readings and record."""
    job = await deletions.delete_workspace(session, principal.workspace_id, principal)
    return _announced(job, response, background)


@router.post(
    "/auth/me/delete",
    tags=["people"],
    status_code=204,
    responses=problems(Unauthorized, Forbidden, NotFound, Conflict, TooManyRequests),
)
async def delete_me(
    body: PasswordProof,
    principal: SignedIn,
    database: DatabaseDep,
    throttle: ThrottleDep,
    request: Request,
    response: Response,
    background: BackgroundTasks,
) -> None:
    """Delete my account for good, and the workspaces that nobody else belongs to; the password proves that it is me.

    Where others belong and I am the last administrator I hand over first. What I did stays recorded without my name.
    """
    await proving.prove_password(database, throttle, principal.name, body.password)
    async with database.write() as session:
        jobs_of_workspaces = await deletions.delete_account(session, principal)
    for job in jobs_of_workspaces:
        _announced(job, response, background)
    cookies.take_back(request, response)


def _announced(job: JobRead, response: Response, background: BackgroundTasks) -> JobRead:
    # After the answer: a broker that is away would keep the client waiting, and the sweep finds the job anyway.
    background.add_task(jobs.announce, job.kind, job.job_id, origin.current().request_id)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return job
