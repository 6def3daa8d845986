"""Celery's view of transfers."""

from celery import shared_task

from app.core import queue
from app.core.settings import get_settings
from app.transfers import deletions, exports, imports, uploads


@shared_task(name="jobs.run_import")
def run_import(job_ulid: str) -> None:
    """Import the file of this job."""
    queue.run(lambda resources: imports.run(resources, job_ulid))


@shared_task(name="jobs.run_deletion")
def run_deletion(job_ulid: str) -> None:
    """Delete what the job names for good."""
    queue.run(lambda resources: deletions.run(resources, job_ulid))


@shared_task(name="jobs.run_export")
def run_export(job_ulid: str) -> None:
    """Write the file of this job."""
    queue.run(lambda resources: exports.run(resources, job_ulid))


@shared_task(name="transfers.purge_exports")
def purge_exports() -> int:
    """Remove files of exports that are older than a day; scheduled every hour."""
    return exports.purge(get_settings())


@shared_task(name="transfers.purge_uploads")
def purge_uploads() -> int:
    """Remove the files of imports that ended a day ago; scheduled hourly."""
    return queue.run(lambda resources: uploads.purge(resources.database, resources.settings.data_dir / "uploads"))
