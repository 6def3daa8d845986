"""Celery's view of maintenance."""

from celery import shared_task

from app.core import queue
from app.maintenance import running


@shared_task(name="jobs.run_data_deletion")
def run_data_deletion(job_ulid: str) -> None:
    """Delete the readings of this job."""
    queue.run(lambda resources: running.run_data_deletion(resources.database, job_ulid))


@shared_task(name="jobs.run_seal")
def run_seal(job_ulid: str) -> None:
    """Seal for this job."""
    queue.run(lambda resources: running.run_seal(resources.database, job_ulid))


@shared_task(name="jobs.run_verification")
def run_verification(job_ulid: str) -> None:
    """Verify for this job."""
    queue.run(lambda resources: running.run_verification(resources.database, job_ulid))
