"""Celery's view of presence."""

from celery import shared_task

from app.core import queue
from app.presence import purging


@shared_task(name="presence.purge")
def purge() -> int:
    """Delete history that is older than PRESENCE_RETENTION_DAYS; scheduled daily."""
    return queue.run(lambda resources: purging.purge(resources.database, resources.settings))
