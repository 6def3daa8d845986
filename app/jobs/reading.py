"""Rows of jobs as they are shown."""

from app.jobs.schemas import JobLogLine, JobOwner, JobRead
from app.jobs.tables import Job, JobLine


def read(job: Job) -> JobRead:
    """A job for its owner."""
    return JobRead.model_validate(
        {
            "job_id": job.job_ulid,
            "kind": job.kind,
            "state": job.state,
            "progress": job.progress,
            "owner": _owner(job),
            "attempts": job.attempts or 0,
            "cancel_requested": job.cancel_requested_at is not None,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "error": job.error,
            "result": job.result,
        }
    )


def read_line(line: JobLine) -> JobLogLine:
    return JobLogLine.model_validate({"at": line.at, "event": line.event, "text": line.text})


def _owner(job: Job) -> JobOwner | None:
    if job.owner_kind is None:
        return None
    return JobOwner.model_validate({"kind": job.owner_kind, "id": job.owner_ulid, "name": job.owner_name})
