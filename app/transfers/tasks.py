"""Celery's view of transfers."""

from celery import shared_task

from app.core import queue
from app.transfers import deletions, imports


@shared_task(name="jobs.run_import")
def run_import(job_ulid: str) -> None:
    """Import the file of this job."""
    queue.run(lambda resources: imports.run(resources, job_ulid))


@shared_task(name="jobs.run_deletion")
def run_deletion(job_ulid: str) -> None:
    """Delete what the job names for good."""
    queue.run(lambda resources: deletions.run(resources, job_ulid))
