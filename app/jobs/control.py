"""What people do with jobs: list them, read their log, cancel them, try failed ones again."""

from collections.abc import Collection

from app.auth import audit
from app.auth.principals import Principal
from app.core import clock
from app.core.db import ReadSession, WriteSession
from app.core.paging import Asked, Page
from app.jobs import queries
from app.jobs.errors import JobEnded, JobNotFailed
from app.jobs.reading import read, read_line
from app.jobs.schemas import JobLogLine, JobRead
from app.jobs.service import UNSTOPPABLE, find
from app.jobs.tables import Job, JobLine

# Kinds that only an administrator starts, and so tries again: somebody may have stopped one for a good reason.
ADMINISTRATIVE = frozenset({"deletion", "data_deletion", "seal", "verification"})


async def page(
    session: ReadSession, workspace_id: int, kinds: Collection[str], states: Collection[str], asked: Asked
) -> Page[JobRead]:
    """The workspace's jobs, newest first."""
    found = (await session.scalars(queries.jobs(workspace_id, kinds, states, asked))).all()
    return asked.cut(found, lambda job: (job.job_ulid,)).map(read)


async def log(session: ReadSession, workspace_id: int, job_ulid: str, asked: Asked) -> Page[JobLogLine]:
    """What happened to a job, in its order. Raises: NoSuchJob."""
    job = await find(session, workspace_id, job_ulid)
    found = (await session.scalars(queries.lines(job.job_id, asked))).all()
    return asked.cut(found, lambda line: (line.line_id,)).map(read_line)


async def cancel(session: WriteSession, principal: Principal, job_ulid: str) -> JobRead:
    """A queued job ends at once, a running one at its next slice; again changes nothing.

    Raises: NoSuchJob, JobEnded.
    """
    job = await find(session, principal.workspace_id, job_ulid, lock=True)
    if job.state in ("done", "failed"):
        raise JobEnded("This job has ended already: it is {state}.", state=job.state)
    if job.parameters.get(UNSTOPPABLE):
        raise JobEnded("This job cannot be stopped: what it deletes is out of reach already.")
    if job.state != "cancelled" and job.cancel_requested_at is None:
        job.cancel_requested_at = clock.now()
        _note(session, job, "cancel_requested", f"{principal.name or 'Somebody'} asked it to stop.")
        if job.state == "queued":
            job.state, job.finished_at = "cancelled", job.cancel_requested_at
            _note(session, job, "cancelled", "It had not begun.")
        audit.record(session, principal, "job.cancel", job.job_ulid, after={"kind": job.kind})
    return read(job)


async def retry(session: WriteSession, principal: Principal, job_ulid: str) -> tuple[JobRead, str]:
    """Queue a failed or cancelled job again, to go on where it ended; also its request's id, to announce it with.

    Raises: NoSuchJob, JobNotFailed; MissingScope for a job that only an administrator may start.
    """
    job = await find(session, principal.workspace_id, job_ulid, lock=True)
    if job.kind in ADMINISTRATIVE:
        principal.require("admin")
    if job.state not in ("failed", "cancelled"):
        message = "Only a failed or cancelled job can be tried again; this one is {state}."
        raise JobNotFailed(message, state=job.state)
    job.state, job.attempts = "queued", 0
    job.error = job.result = job.started_at = job.finished_at = job.cancel_requested_at = None
    job.heartbeat_at = job.sent_at = clock.now()
    _note(session, job, "retried", f"{principal.name or 'Somebody'} had it tried again.")
    audit.record(session, principal, "job.retry", job.job_ulid, after={"kind": job.kind})
    return read(job), job.request_id


def _note(session: WriteSession, job: Job, event: str, text: str) -> None:
    session.add(JobLine(job_id=job.job_id, event=event, text=text))
