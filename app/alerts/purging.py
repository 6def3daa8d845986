"""Notifications, incidents and silences that are over are kept for a time."""

from sqlalchemy import text

from app.core import slices
from app.core.db import Database
from app.core.settings import Settings

# Those that are grouped go with the one that tells them, attempts with their notification.
_DELETE_NOTIFICATIONS = text("""
    DELETE FROM notification WHERE notification_id IN (
        SELECT notification_id FROM notification
        WHERE notification_ulid < :made AND state <> 'queued' AND head_id IS NULL AND created_at < :before LIMIT :size)
    RETURNING 1
""")
# By the newest line of its timeline, for a rule that looks at old readings opens incidents of long ago.
_DELETE_INCIDENTS = text("""
    DELETE FROM incident WHERE incident_id IN (
        SELECT incident_id FROM incident
        WHERE incident_ulid < :made AND state = 'resolved' AND resolved_at < :before AND NOT EXISTS (
            SELECT FROM incident_event AS line WHERE line.incident_id = incident.incident_id AND line.at >= :before)
        LIMIT :size)
    RETURNING 1
""")
_DELETE_SILENCES = text("""
    DELETE FROM silence WHERE silence_id IN (
        SELECT silence_id FROM silence WHERE silence_ulid < :made AND ends_at < :before LIMIT :size)
    RETURNING 1
""")


async def purge(database: Database, settings: Settings, slice_size: int = 1000) -> int:
    """Delete what is older than NOTIFICATION_RETENTION_DAYS and INCIDENT_RETENTION_DAYS; how many rows."""
    deletes = [
        (_DELETE_NOTIFICATIONS, settings.notification_retention_days),
        (_DELETE_INCIDENTS, settings.incident_retention_days),
        (_DELETE_SILENCES, settings.incident_retention_days),
    ]
    return sum([await slices.delete_older(database, delete, days, slice_size) for delete, days in deletes])
