"""Statements of jobs."""

from typing import Any, LiteralString

from sqlalchemy import Select, func, or_, select, text, update

from app.jobs.tables import Job

# A queued job whose message was lost with the broker, and a running one whose worker fell silent.
QUEUED_TOO_LONG = text("interval '10 seconds'")
SILENT_TOO_LONG = text("interval '10 seconds'")

# Held by the connection of the worker that runs the job: it vanishes with the worker, whatever ends it.
TRY_LOCK: LiteralString = "SELECT pg_try_advisory_lock(1784834082, %s)"
CLAIM: LiteralString = """
    UPDATE job SET state = 'running', started_at = coalesce(started_at, now()), heartbeat_at = now()
    WHERE job_ulid = %s AND state IN ('queued', 'running')
    RETURNING job_id, job_ulid, workspace_id, parameters, checkpoint
"""
SAVE: LiteralString = """
    UPDATE job SET checkpoint = %s, progress = %s, heartbeat_at = now() WHERE job_id = %s
"""
FINISH: LiteralString = """
    UPDATE job SET state = %s, result = %s, error = %s, finished_at = now(),
                   progress = CASE WHEN %s THEN 1 ELSE progress END
    WHERE job_id = %s
"""


def job(workspace_id: int, job_ulid: str) -> Select[Job]:
    return select(Job).where(Job.workspace_id == workspace_id, Job.job_ulid == job_ulid)


def job_number(job_ulid: str) -> Select[int]:
    return select(Job.job_id).where(Job.job_ulid == job_ulid)


def take_forgotten(limit: int) -> Any:
    """Unfinished jobs that nobody works on; marked, so that the next sweep leaves them a while."""
    silent = or_(
        (Job.state == "queued") & (Job.heartbeat_at < func.now() - QUEUED_TOO_LONG),
        (Job.state == "running") & (Job.heartbeat_at < func.now() - SILENT_TOO_LONG),
    )
    forgotten = select(Job.job_id).where(silent).order_by(Job.job_id).limit(limit).with_for_update(skip_locked=True)
    return (
        update(Job)
        .where(Job.job_id.in_(forgotten))
        .values(heartbeat_at=func.now())
        .returning(Job.job_ulid, Job.kind, Job.request_id)
    )
