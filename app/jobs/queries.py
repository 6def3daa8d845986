"""Statements of jobs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, LiteralString

from sqlalchemy import (
    ARRAY,
    Boolean,
    Select,
    Text,
    any_,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)

from app.core.paging import Asked
from app.jobs.tables import Job, JobLine

# A running one whose worker fell silent and holds its lock no more.
SILENT_TOO_LONG = text("interval '10 seconds'")
# A message that was lost with the broker: looked for after a quarter of the job's wait. In a long queue, where every
# job waits, each is so sent nine times an hour and not 360 times.
UNSENT_TOO_LONG = text("greatest(interval '10 seconds', least(interval '10 minutes', (now() - job.heartbeat_at) / 4))")
# A worker that lives and says nothing for so long hangs: no slice takes more than the minute that a statement may.
STUCK_AFTER = text("interval '30 minutes'")
# The lock of a job that some connection holds; `TRY_LOCK` takes it.
HELD = literal_column(
    """EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND classid = 1784834082 AND objid = job.job_id::oid
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)""",
    Boolean(),
)
# Some hundred bytes each; whoever reads the log of a job wants its story, not a megabyte.
MAX_LINES = 1000

# Held by the connection of the worker that runs the job: it vanishes with the worker, whatever ends it.
TRY_LOCK: LiteralString = "SELECT pg_try_advisory_lock(1784834082, %s)"
CLAIM: LiteralString = """
    UPDATE job SET state = 'running', started_at = coalesce(started_at, now()), heartbeat_at = now(),
                   attempts = attempts + 1
    WHERE job_ulid = %s AND state IN ('queued', 'running')
    RETURNING job_id, job_ulid, workspace_id, parameters, checkpoint, attempts, cancel_requested_at IS NOT NULL
"""
# Whoever gets on begins to count its attempts anew. No row: the job was given up.
SAVE: LiteralString = """
    UPDATE job SET checkpoint = %(checkpoint)s, progress = %(progress)s, heartbeat_at = now(),
                   attempts = CASE WHEN checkpoint = %(checkpoint)s THEN attempts ELSE 1 END
    WHERE job_id = %(job_id)s AND state = 'running'
    RETURNING cancel_requested_at IS NOT NULL
"""
FINISH: LiteralString = """
    WITH ended AS (
        UPDATE job SET state = %(state)s, result = %(result)s, error = %(error)s, finished_at = now(),
                       progress = CASE WHEN %(state)s = 'done' THEN 1 ELSE progress END
        WHERE job_id = %(job_id)s AND state = 'running'
        RETURNING job_id
    )
    INSERT INTO job_line (job_id, event, text) SELECT job_id, %(state)s, %(text)s FROM ended
"""
ADD_LINE: LiteralString = """
    INSERT INTO job_line (job_id, event, text) SELECT %(job_id)s, %(event)s, %(text)s
    WHERE (SELECT count(*) FROM job_line WHERE job_id = %(job_id)s) < %(limit)s
"""


def job(workspace_id: int, job_ulid: str) -> Select[Job]:
    return select(Job).where(Job.workspace_id == workspace_id, Job.job_ulid == job_ulid)


def jobs(workspace_id: int, kinds: Collection[str], states: Collection[str], asked: Asked) -> Select[Job]:
    """The workspace's jobs, newest first; of these kinds and states when any are given."""
    statement = select(Job).where(Job.workspace_id == workspace_id).order_by(Job.job_ulid.desc()).limit(asked.fetch)
    if kinds:
        statement = statement.where(Job.kind.in_(kinds))
    if states:
        statement = statement.where(Job.state.in_(states))
    if key := asked.key(str):
        statement = statement.where(Job.job_ulid < key[0])
    return statement


def lines(job_id: int, asked: Asked) -> Select[JobLine]:
    """What happened to the job, in its order."""
    statement = select(JobLine).where(JobLine.job_id == job_id).order_by(JobLine.line_id).limit(asked.fetch)
    if key := asked.key(int):
        statement = statement.where(JobLine.line_id > key[0])
    return statement


def job_number(job_ulid: str) -> Select[int]:
    return select(Job.job_id).where(Job.job_ulid == job_ulid)


def unfinished(job_ulids: Collection[str], since: datetime) -> Select[str]:
    """Those of these jobs that have not ended, or not well and not before then."""
    known = Job.job_ulid == any_(literal(list(job_ulids), ARRAY(Text)))
    again = Job.state.in_(("failed", "cancelled")) & (Job.finished_at >= since)
    return select(Job.job_ulid).where(known, Job.state.in_(("queued", "running")) | again)


def take_forgotten(limit: int) -> Any:
    """Unfinished jobs that nobody works on; marked, so that the next sweep leaves them a while."""
    unsent = (Job.state == "queued") & (Job.sent_at < func.now() - UNSENT_TOO_LONG)
    last = func.greatest(Job.heartbeat_at, Job.sent_at)
    orphaned = (Job.state == "running") & (last < func.now() - SILENT_TOO_LONG) & ~HELD
    forgotten = (
        select(Job.job_id)
        .where(or_(unsent, orphaned))
        .order_by(Job.job_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (
        update(Job)
        .where(Job.job_id.in_(forgotten))
        .values(sent_at=func.now())
        .returning(Job.job_id, Job.job_ulid, Job.kind, Job.request_id, Job.state)
    )


def give_up_stuck(reason: str) -> Any:
    """End the running jobs whose worker lives and does nothing; what it does later no longer counts."""
    stuck = (Job.state == "running") & (Job.heartbeat_at < func.now() - STUCK_AFTER) & HELD
    ended = (
        update(Job)
        .where(stuck)
        .values(state="failed", error=reason, finished_at=func.now())
        .returning(Job.job_id, Job.job_ulid)
        .cte("ended")
    )
    columns = select(ended.c.job_id, literal("failed"), literal(reason))
    noted = insert(JobLine).from_select(["job_id", "event", "text"], columns).cte("noted")
    return select(ended.c.job_ulid).add_cte(noted)
