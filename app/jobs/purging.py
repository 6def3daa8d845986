"""Jobs that ended long ago are forgotten, with their logs."""

from sqlalchemy import text

from app.core import slices
from app.core.db import Database
from app.core.settings import Settings

_DELETE = text("""
    DELETE FROM job WHERE job_id IN (
        SELECT job_id FROM job
        WHERE job_ulid < :made AND state IN ('done', 'failed', 'cancelled') AND finished_at < :before LIMIT :size)
    RETURNING 1
""")


async def purge(database: Database, settings: Settings, slice_size: int = 1000) -> int:
    """Delete what ended more than JOB_RETENTION_DAYS ago; how many jobs."""
    return await slices.delete_older(database, _DELETE, settings.job_retention_days, slice_size)
