"""The history of presence, and what arrived by hour, are kept for a time; the state of now always."""

from sqlalchemy import TextClause, text

from app.core import slices
from app.core.db import Database
from app.core.settings import Settings


def _delete(table: str, old: str) -> TextClause:
    """Server by server along the primary key, which has them first: what is young is not looked at. Of a server that
    is there no more something may be left, so they are those of the table.
    """
    return text(f"""
        WITH RECURSIVE known AS (
            SELECT min(server_id) AS server_id FROM {table}
            UNION ALL
            SELECT (SELECT min(server_id) FROM {table} AS next WHERE next.server_id > known.server_id)
            FROM known WHERE server_id IS NOT NULL
        )
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT found.place FROM known
            CROSS JOIN LATERAL (
                SELECT ctid AS place FROM {table} AS own WHERE own.server_id = known.server_id AND {old} LIMIT :size
            ) AS found
            LIMIT :size))
        RETURNING 1
    """)  # noqa: S608 - of constants


def _delete_all(table: str, old: str) -> TextClause:
    """What is old, at once: Citus deletes neither by `ctid` nor so many. It may be more than a slice."""
    return text(f"DELETE FROM {table} WHERE {old} RETURNING 1")  # noqa: S608 - of constants


_OLD = {
    "presence_interval": "started_at < :before AND ended_at < :before",
    "server_arrivals": "hour < CAST(floor(extract(epoch FROM CAST(:before AS timestamptz)) / 3600) AS int)",
}
# A handful a year.
_DELETE_OUTAGES = text("""
    DELETE FROM platform_outage WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM platform_outage WHERE ended_at < :before LIMIT :size))
    RETURNING 1
""")
_DELETES = [*(_delete(table, old) for table, old in _OLD.items()), _DELETE_OUTAGES]
# For tables that Citus spreads.
_DELETES_OF_NODES = [*(_delete_all(table, old) for table, old in _OLD.items()), _DELETE_OUTAGES]


async def purge(database: Database, settings: Settings, slice_size: int = 10_000) -> int:
    """Delete what ended more than PRESENCE_RETENTION_DAYS ago; how many rows."""
    days = settings.presence_retention_days
    deletes = _DELETES_OF_NODES if (await database.nature()).is_spread else _DELETES
    return sum([await slices.delete_older(database, delete, days, slice_size) for delete in deletes])
