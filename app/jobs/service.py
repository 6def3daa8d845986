"""The machinery of jobs: a row, a message that may get lost, and a lock that dies with its worker.

A job's row is committed before its message is sent. Should the message or the worker be lost, `sweeping` sends it
again; should it arrive twice, the advisory lock lets one worker run it. A job saves its checkpoint in the transaction
of the work it describes, so a repeat goes on where the last commit ended. A job that was asked to stop does so at its
next `save`, which raises JobCancelled within the slice's transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from app.auth.principals import Principal
from app.core import queue
from app.core.copy import Connection
from app.core.db import Database, ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.jobs import queries
from app.jobs.errors import JobCancelled, NoSuchJob
from app.jobs.reading import read
from app.jobs.schemas import JobRead
from app.jobs.tables import Job, JobLine

# PostgreSQL notices the end of a killed client within milliseconds; two seconds are for a busy machine.
LOCK_ATTEMPTS = 10
LOCK_PAUSE_SECONDS = 0.2
# A job that ends its worker each time, say by its memory, would do so for ever.
MAX_ATTEMPTS = 5
GIVEN_UP = f"It was begun {MAX_ATTEMPTS} times and its worker was lost each time before it got on."


# The parameter of a job that is past stopping, because what it works on is out of reach already.
UNSTOPPABLE = "unstoppable"


@dataclass(slots=True)
class Held:
    """A job that this worker alone may work on, until the connection closes."""

    job_id: int
    job_ulid: str
    workspace_id: int
    parameters: dict[str, Any]
    checkpoint: dict[str, Any]
    """As last saved; at a cancellation this is what was committed."""
    connection: Connection
    cancelled: bool = False


def new_job_id() -> str:
    return new_ulid()


async def create(
    session: WriteSession,
    workspace_id: int,
    job_ulid: str,
    kind: str,
    parameters: dict[str, Any],
    request_id: str,
    owner: Principal | None = None,
) -> JobRead:
    """The row of a queued job; `announce` it after the commit."""
    job = Job(
        job_ulid=job_ulid,
        workspace_id=workspace_id,
        kind=kind,
        state="queued",
        parameters=parameters,
        request_id=request_id,
        owner_kind=owner.kind if owner else None,
        owner_ulid=owner.ulid if owner else None,
        owner_name=owner.name if owner else None,
    )
    session.add(job)
    await session.flush()
    session.add(JobLine(job_id=job.job_id, event="queued", text="It waits for a worker."))
    return read(job)


async def announce(kind: str, job_ulid: str, request_id: str) -> None:
    """Tell the workers; when the broker is away the sweep does it later."""
    await queue.send(f"jobs.run_{kind}", job_ulid, queue="bulk", request_id=request_id)


async def get(session: ReadSession, workspace_id: int, job_ulid: str) -> JobRead:
    """A job of the workspace. Raises: NoSuchJob."""
    return read(await find(session, workspace_id, job_ulid))


async def find(session: ReadSession | WriteSession, workspace_id: int, job_ulid: str, *, lock: bool = False) -> Job:
    """The row of a job of the workspace, locked when it is about to change. Raises: NoSuchJob."""
    statement = queries.job(workspace_id, job_ulid)
    job = await session.scalar(statement.with_for_update() if lock else statement)
    if job is None:
        raise NoSuchJob("There is no job {job!r} in this workspace.", job=job_ulid)
    return job


async def wanted(session: WriteSession, job_ulids: Collection[str], since: datetime) -> set[str]:
    """Those of these jobs that have not ended, or failed or were cancelled since then and may be tried again."""
    return set((await session.scalars(queries.unfinished(job_ulids, since))).all())


@asynccontextmanager
async def hold(database: Database, job_ulid: str) -> AsyncIterator[Held | None]:
    """The job, marked as running; None when another worker holds it or it has ended.

    A JobCancelled that leaves the block ends the job as cancelled and goes no further.
    """
    async with database.write() as session:
        job_id = await session.scalar(queries.job_number(job_ulid))
    connection = await database.connect()
    try:
        job = await _claim(connection, job_id, job_ulid)
        try:
            yield job
        except JobCancelled as error:
            if job is None:
                raise
            await fail(job, str(error))
    finally:
        await connection.close()


async def save(connection: Connection, job: Held, checkpoint: dict[str, Any], progress: float) -> None:
    """Write the checkpoint within the transaction of the work that it describes.

    Raises: JobCancelled when somebody asked the job to stop, or it was given up; nothing of the slice shall stay.
    """
    values = {"checkpoint": Jsonb(checkpoint), "progress": progress, "job_id": job.job_id}
    row = await (await connection.execute(queries.SAVE, values)).fetchone()
    if row is None or row[0]:
        job.cancelled = True
        raise JobCancelled("It was asked to stop.")
    job.checkpoint = checkpoint


async def finish(job: Held, result: dict[str, Any]) -> None:
    await _end(job, "done", result, None, "It is done.")


async def fail(job: Held, reason: str, result: dict[str, Any] | None = None) -> None:
    """End the job with a reason for its owner; `result` tells what was done before.

    A job that was asked to stop ends as cancelled, whatever reason its worker gives.
    """
    if job.cancelled:
        await _end(job, "cancelled", result or job.checkpoint or None, None, "It stopped, as it was asked to.")
    else:
        # PostgreSQL stores no NUL, and the reason may quote a file.
        shown = reason.replace("\x00", "\ufffd")
        await _end(job, "failed", result, shown, shown)


async def _end(job: Held, state: str, result: dict[str, Any] | None, error: str | None, text: str) -> None:
    """End a job that still runs; one that was given up meanwhile stays as it is."""
    values = {"state": state, "result": Jsonb(result) if result is not None else None, "error": error, "text": text}
    await job.connection.execute(queries.FINISH, {**values, "job_id": job.job_id})


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
    number, ulid, workspace_id, parameters, checkpoint, attempts, cancelled = row
    job = Held(number, ulid, workspace_id, parameters, checkpoint, connection, cancelled)
    if cancelled or attempts > MAX_ATTEMPTS:
        await fail(job, GIVEN_UP)
        return None
    again = f" It is attempt {attempts} since it last got on." if attempts > 1 else ""
    line = {"event": "begun", "text": f"A worker began it.{again}", "limit": queries.MAX_LINES}
    await connection.execute(queries.ADD_LINE, {**line, "job_id": number})
    return job
