"""The history of presence, and what arrived by hour, are kept for a time; the state of now always."""

from sqlalchemy import text

from app.core import slices
from app.core.db import Database
from app.core.settings import Settings

# The oldest rows stand at the tables' beginning, where a slice finds them soon.
_DELETES = [
    text("""
        DELETE FROM presence_interval WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM presence_interval WHERE ended_at < :before LIMIT :size))
        RETURNING 1
    """),
    text("""
        DELETE FROM server_arrivals WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM server_arrivals WHERE hour < floor(extract(epoch FROM CAST(:before AS timestamptz)) / 3600)
            LIMIT :size))
        RETURNING 1
    """),
    text("""
        DELETE FROM platform_outage WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM platform_outage WHERE ended_at < :before LIMIT :size))
        RETURNING 1
    """),
]


async def purge(database: Database, settings: Settings, slice_size: int = 10_000) -> int:
    """Delete what ended more than PRESENCE_RETENTION_DAYS ago; how many rows."""
    days = settings.presence_retention_days
    return sum([await slices.delete_older(database, delete, days, slice_size) for delete in _DELETES])
