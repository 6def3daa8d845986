"""The machinery of jobs: a row, a message that may get lost, and a lock that dies with its worker.

A job's row is committed before its message is sent. Should the message or the worker be lost, `sweep` sends it again;
should it arrive twice, the advisory lock lets one worker run it. A job saves its checkpoint in the transaction of the
work it describes, so a repeat goes on where the last commit ended.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from psycopg.types.json import Jsonb

from app.core import queue
from app.core.copy import Connection
from app.core.db import Database, ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.jobs import queries
from app.jobs.errors import NoSuchJob
from app.jobs.schemas import JobRead
from app.jobs.tables import Job

# One sweep sends so many jobs again; with a sweep every ten seconds that is a fleet's backlog in minutes.
SWEEP_LIMIT = 100
# PostgreSQL notices the end of a killed client within milliseconds; two seconds are for a busy machine.
LOCK_ATTEMPTS = 10
LOCK_PAUSE_SECONDS = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Held:
    """A job that this worker alone may work on, until the connection closes."""

    job_id: int
    job_ulid: str
    workspace_id: int
    parameters: dict[str, Any]
    checkpoint: dict[str, Any]
    connection: Connection


def new_job_id() -> str:
    return new_ulid()


async def create(
    session: WriteSession, workspace_id: int, job_ulid: str, kind: str, parameters: dict[str, Any], request_id: str
) -> JobRead:
    """The row of a queued job; `announce` it after the commit."""
    job = Job(
        job_ulid=job_ulid,
        workspace_id=workspace_id,
        kind=kind,
        state="queued",
        parameters=parameters,
        request_id=request_id,
    )
    session.add(job)
    await session.flush()
    return _read(job)


async def announce(kind: str, job_ulid: str, request_id: str) -> None:
    """Tell the workers; when the broker is away the sweep does it later."""
    await queue.send(f"jobs.run_{kind}", job_ulid, queue="bulk", request_id=request_id)


async def get(session: ReadSession, workspace_id: int, job_ulid: str) -> JobRead:
    """A job of the workspace. Raises: NoSuchJob."""
    job = await session.scalar(queries.job(workspace_id, job_ulid))
    if job is None:
        raise NoSuchJob("There is no job {job!r} in this workspace.", job=job_ulid)
    return _read(job)


@asynccontextmanager
async def hold(database: Database, job_ulid: str) -> AsyncIterator[Held | None]:
    """The job, marked as running; None when another worker holds it or it has ended."""
    async with database.write() as session:
        job_id = await session.scalar(queries.job_number(job_ulid))
    connection = await database.connect()
    try:
        yield await _claim(connection, job_id, job_ulid)
    finally:
        await connection.close()


async def save(connection: Connection, job: Held, checkpoint: dict[str, Any], progress: float) -> None:
    """Write the checkpoint within the transaction of the work that it describes."""
    await connection.execute(queries.SAVE, (Jsonb(checkpoint), progress, job.job_id))


async def finish(job: Held, result: dict[str, Any]) -> None:
    await job.connection.execute(queries.FINISH, ("done", Jsonb(result), None, True, job.job_id))


async def fail(job: Held, reason: str, result: dict[str, Any] | None = None) -> None:
    """End the job with a reason for its owner; `result` tells what was done before."""
    # PostgreSQL stores no NUL, and the reason may quote a file.
    shown = reason.replace("\x00", "\ufffd")
    await job.connection.execute(queries.FINISH, ("failed", Jsonb(result), shown, False, job.job_id))


async def sweep(database: Database) -> int:
    """Send again the jobs that lost their message or their worker; returns how many."""
    async with database.write() as session:
        forgotten = (await session.execute(queries.take_forgotten(SWEEP_LIMIT))).all()
    for job in forgotten:
        log.info("job_sent_again", job_id=job.job_ulid, kind=job.kind)
        await announce(job.kind, job.job_ulid, job.request_id)
    return len(forgotten)


async def _lock(connection: Connection, job_id: int) -> bool:
    """Take the job's lock; a worker that has just died may hold it for a moment more."""
    for _ in range(LOCK_ATTEMPTS):
        row = await (await connection.execute(queries.TRY_LOCK, (job_id,))).fetchone()
        if row and row[0]:
            return True
        await asyncio.sleep(LOCK_PAUSE_SECONDS)
    return False


async def _claim(connection: Connection, job_id: int | None, job_ulid: str) -> Held | None:
    if job_id is None or not await _lock(connection, job_id):
        return None
    row = await (await connection.execute(queries.CLAIM, (job_ulid,))).fetchone()
    if row is None:
        return None
    number, ulid, workspace_id, parameters, checkpoint = row
    return Held(number, ulid, workspace_id, parameters, checkpoint, connection)


def _read(job: Job) -> JobRead:
    return JobRead.model_validate(
        {
            "job_id": job.job_ulid,
            "kind": job.kind,
            "state": job.state,
            "progress": job.progress,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "error": job.error,
            "result": job.result,
        }
    )
