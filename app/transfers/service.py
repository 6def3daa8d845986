"""Taking an uploaded file in."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from app.auth.principals import Principal
from app.core.db import Database
from app.core.errors import TooLarge, invalid_field
from app.core.settings import Settings
from app.jobs import service as jobs
from app.jobs.schemas import JobRead
from app.transfers.schemas import ImportOptions


async def accept_import(
    database: Database,
    settings: Settings,
    principal: Principal,
    options: ImportOptions,
    content: AsyncIterator[bytes],
    request_id: str,
) -> JobRead:
    """Put the file on disk, then write the row of the job that imports it; the caller announces the job.

    Raises: TooLarge, Invalid for an empty file.
    """
    job_ulid = jobs.new_job_id()
    path = settings.data_dir / "uploads" / job_ulid
    try:
        await _save(content, path, settings.max_upload_bytes)
        parameters = {"path": str(path), "options": options.model_dump()}
        async with database.write(principal.workspace_id) as session:
            workspace_id = principal.workspace_id
            return await jobs.create(session, workspace_id, job_ulid, "import", parameters, request_id, principal)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _save(content: AsyncIterator[bytes], path: Path, limit: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as file:
        async for piece in content:
            size += len(piece)
            if size > limit:
                raise TooLarge("The file is larger than {limit} bytes.", limit=limit)
            file.write(piece)
        file.flush()
        # The 202 promises the import: the file must survive a power cut as the job's row does.
        await asyncio.to_thread(os.fsync, file.fileno())
    if size == 0:
        raise invalid_field(("body",), "The file is empty", "empty_file")
