"""Celery's view of the auth domain."""

from celery import shared_task

from app.auth import audit, sessions
from app.core import queue


@shared_task(name="auth.purge_refresh_tokens")
def purge_refresh_tokens() -> int:
    """Delete tokens, resets, invitations and sessions that open nothing any more; scheduled hourly."""
    return queue.run(lambda resources: sessions.purge(resources.database))


@shared_task(name="auth.purge_audit_log")
def purge_audit_log() -> int:
    """Delete what the record has kept for longer than AUDIT_RETENTION_DAYS; scheduled hourly."""
    return queue.run(lambda resources: audit.purge(resources.database, resources.settings))
