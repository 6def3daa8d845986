"""Celery's view of readings."""

from celery import shared_task

from app.core import queue
from app.readings import receipts


@shared_task(name="readings.purge_receipts")
def purge_receipts() -> int:
    """Delete receipts older than a day; scheduled hourly."""
    return queue.run(lambda resources: receipts.purge(resources.database))
