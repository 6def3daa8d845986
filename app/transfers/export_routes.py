"""Exports: readings into files."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Response
from fastapi.responses import FileResponse

from app.auth.deps import InReadTransaction, Reader, named_in_the_path
from app.core import origin
from app.core.db import ReadSession
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.settings import Settings
from app.core.strict_json import StrictRoute
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.transfers import exports
from app.transfers.schemas import ExportRequest

router = APIRouter(tags=["jobs"], route_class=StrictRoute)

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"text/csv": _BYTES, "application/octet-stream": _BYTES}},
    206: {"description": "The part that `Range` asked for.", "content": {"application/octet-stream": _BYTES}},
}


@router.post("/exports", status_code=202, responses=problems(Unauthorized, Forbidden, NotFound, Invalid))
async def export_readings(
    body: ExportRequest,
    response: Response,
    background: BackgroundTasks,
    principal: Reader,
    database: DatabaseDep,
) -> JobRead:
    """Have a job write readings, or what is computed of them, into a file: CSV, Parquet, Arrow, NDJSON or JSON.

    The filters are those of `GET /data`; the size does not matter. Follow the job at `GET /jobs/{job_id}`: its result
    names the `file`, which is kept for a day.
    """
    job = await exports.order(database, principal, body)
    # After the answer: a broker that is away would keep the client waiting, and the sweep finds the job anyway.
    background.add_task(jobs.announce, job.kind, job.job_id, origin.current().request_id)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return job


@router.get(
    "/exports/{job_id}/file",
    response_class=FileResponse,
    responses=problems(Unauthorized, Forbidden, NotFound, Conflict) | _FILE,
)
async def exported_file(
    job_id: Annotated[str, IdPath], principal: Reader, session: InReadTransaction, settings: SettingsDep
) -> Response:
    """The file of an export that is done, whole or in parts (`Range`), for a day."""
    return await _file(session, settings, principal.workspace_id, job_id)


@router.get(
    "/workspaces/{workspace_ulid}/exports/{job_id}/file",
    response_class=FileResponse,
    dependencies=[Depends(named_in_the_path)],
    responses=problems(Unauthorized, Forbidden, NotFound, Conflict) | _FILE,
)
async def exported_file_of_workspace(
    job_id: Annotated[str, IdPath], principal: Reader, session: InReadTransaction, settings: SettingsDep
) -> Response:
    """The same file for whoever follows a link, which carries no header that names the workspace."""
    return await _file(session, settings, principal.workspace_id, job_id)


async def _file(session: ReadSession, settings: Settings, workspace_id: int, job_id: str) -> Response:
    path, result = await exports.finished(session, settings, workspace_id, job_id)
    name = Path(f"sentinela-{job_id}").with_suffix(f".{result['format']}").name
    return FileResponse(path, media_type=result["media_type"], filename=name)
