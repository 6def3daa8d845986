"""What is due at a time is sent once, however many beats there are: whoever moves its row on sends it (ADR 37)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import DateTime, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Database, Table


class BeatRun(Table):
    """When a scheduled task was last sent; `-infinity`: never, or it could not be sent."""

    __tablename__ = "beat_run"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    last_run_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


_KNOW = text("""
    INSERT INTO beat_run (name, last_run_at) SELECT name, '-infinity' FROM unnest(CAST(:names AS text[])) AS name
    ON CONFLICT (name) DO NOTHING
""")
# A row that another beat is moving on is that beat's.
_CLAIM = text("""
    WITH due AS (
        SELECT beat_run.name FROM beat_run
        JOIN unnest(CAST(:names AS text[]), CAST(:seconds AS float8[])) AS entry (name, seconds) USING (name)
        WHERE last_run_at <= now() - make_interval(secs => seconds)
        ORDER BY name FOR UPDATE OF beat_run SKIP LOCKED
    )
    UPDATE beat_run SET last_run_at = now() FROM due WHERE beat_run.name = due.name RETURNING beat_run.name
""")
_GIVE_BACK = text("UPDATE beat_run SET last_run_at = '-infinity' WHERE name = :name")
_NEXT = text("""
    SELECT extract(epoch FROM min(last_run_at + make_interval(secs => seconds)) - now())
    FROM beat_run JOIN unnest(CAST(:names AS text[]), CAST(:seconds AS float8[])) AS entry (name, seconds) USING (name)
    WHERE isfinite(last_run_at)
""")


async def know(database: Database, names: list[str]) -> None:
    """Entries that were never sent are due at once."""
    async with database.write() as session:
        await session.execute(_KNOW, {"names": names})


async def claim(database: Database, entries: Mapping[str, float]) -> tuple[list[str], float]:
    """The entries, name and interval in seconds, that are due and now the caller's to send; seconds until the next."""
    values = {"names": list(entries), "seconds": list(entries.values())}
    async with database.write() as session:
        names = list((await session.scalars(_CLAIM, values)).all())
        left = await session.scalar(_NEXT, values)
    return names, float(left if left is not None else min(entries.values()))


async def give_back(database: Database, name: str) -> None:
    """It could not be sent: it is due again, for whoever comes first."""
    async with database.write() as session:
        await session.execute(_GIVE_BACK, {"name": name})
