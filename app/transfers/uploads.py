"""Uploaded files of imports that have ended: kept a day, so that a failed import can be tried again, then removed."""

import time
from datetime import timedelta
from pathlib import Path

from app.core import clock
from app.core.db import Database
from app.jobs import service as jobs

KEEP = timedelta(days=1)


async def purge(database: Database, folder: Path) -> int:
    """Remove the files that no job will read again; returns how many."""
    oldest = time.time() - KEEP.total_seconds()
    old = {path.name: path for path in folder.glob("*") if _written_at(path) < oldest}
    async with database.write() as session:
        wanted = await jobs.wanted(session, list(old), clock.now() - KEEP)
    unwanted = [path for name, path in old.items() if name not in wanted]
    for path in unwanted:
        path.unlink(missing_ok=True)
    return len(unwanted)


def _written_at(path: Path) -> float:
    """Unix time; of a file that an import has just removed, now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
