"""Deleting what has served its time, a slice a transaction: nobody waits for a lock, and WAL comes in portions."""

from datetime import timedelta
from typing import Any

from sqlalchemy import TextClause

from app.core.clock import now
from app.core.db import Database
from app.core.identifiers import first_ulid_of


async def delete_older(database: Database, statement: TextClause, days: int, slice_size: int) -> int:
    """Run a `DELETE … RETURNING 1` that deletes at most `:size` rows from before `:before` until it finds none.

    What is over was begun before, so an identifier below `:made` bounds what must be looked at: of a table of years
    only the rows that are about to go. How many rows went; 0 days: everything is kept.
    """
    if not days:
        return 0
    before = now() - timedelta(days=days)
    values: dict[str, Any] = {"before": before, "made": first_ulid_of(before), "size": slice_size}
    deleted = 0
    while (count := await _delete(database, statement, values)) > 0:
        deleted += count
        if count < slice_size:
            break
    return deleted


async def _delete(database: Database, statement: TextClause, values: dict[str, Any]) -> int:
    async with database.write() as session:
        return len((await session.execute(statement, values)).all())
