"""Imports of files."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response

from app.auth.deps import Writer
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden, Invalid, NotFound, TooLarge, Unauthorized
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.transfers import service
from app.transfers.schemas import ImportOptions

router = APIRouter(tags=["jobs"], route_class=StrictRoute)

_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {**_FILE, "example": "server_ulid,timestamp,temperature\nDolly #1,2026-01-31T12:00:00Z,25.3\n"},
            "application/gzip": _FILE,
        },
    }
}


@router.post(
    "/imports",
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
    """Upload a CSV file, plain or gzip, as the body; a job imports it. Follow it at `GET /jobs/{job_id}`.

    The first row names the columns. Rows merge as readings of `POST /data` do, so a repeated import changes nothing.
    """
    if options.create_servers:
        principal.require("admin")
    request_id = request.scope["request_id"]
    job = await service.accept_import(database, settings, principal, options, request.stream(), request_id)
    # After the answer: a broker that is away would keep the client waiting, and the sweep finds the job anyway.
    background.add_task(jobs.announce, "import", job.job_id, request_id)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return job
