"""Celery's view of the auth domain."""

from celery import shared_task

from app.auth import sessions
from app.core import queue


@shared_task(name="auth.purge_refresh_tokens")
def purge_refresh_tokens() -> int:
    """Delete refresh tokens that have expired; scheduled hourly."""
    return queue.run(lambda resources: sessions.purge_refresh_tokens(resources.database))
