"""Celery's view of the jobs' machinery."""

from celery import shared_task

from app.core import queue
from app.jobs import purging, sweeping


@shared_task(name="jobs.sweep")
def sweep() -> int:
    """Send again what was lost with a broker or a worker, end what hangs; scheduled every ten seconds."""
    return queue.run(lambda resources: sweeping.sweep(resources.database))


@shared_task(name="jobs.purge")
def purge() -> int:
    """Delete jobs that ended more than JOB_RETENTION_DAYS ago; scheduled hourly."""
    return queue.run(lambda resources: purging.purge(resources.database, resources.settings))
