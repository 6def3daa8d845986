"""That the platform works, written down each second, so that its own outages are known and held against nobody.

Whatever stops the beats (a process, PostgreSQL, the machine) leaves a gap; the first beat after it records the outage.
"""

from datetime import datetime
from typing import Final, LiteralString

from app.core.copy import Connection

INGEST: Final = "ingest"
WATCHER: Final = "watcher"
# Three beats were missed. A process that is merely slow stays below; whatever does not is an outage of so many seconds,
# in which readings may have been refused.
OUTAGE_SECONDS: Final = 3

_BEAT: LiteralString = """
    WITH moment AS MATERIALIZED (SELECT coalesce(%(moment)s::timestamptz, clock_timestamp()) AS at),
    before AS MATERIALIZED (SELECT beat_at FROM platform_beat WHERE part = %(part)s FOR UPDATE),
    gap AS (
        INSERT INTO platform_outage (part, started_at, ended_at)
        SELECT %(part)s, beat_at, at FROM before, moment WHERE at - beat_at > make_interval(secs => %(outage)s)
    )
    INSERT INTO platform_beat AS known (part, beat_at, since)
    SELECT %(part)s, greatest(at, beat_at), at FROM moment LEFT JOIN before ON true
    ON CONFLICT (part) DO UPDATE SET beat_at = greatest(known.beat_at, excluded.beat_at), since =
        CASE WHEN excluded.beat_at - known.beat_at > make_interval(secs => %(outage)s) THEN excluded.since
             ELSE known.since END
"""


async def beat(connection: Connection, part: str, moment: datetime | None = None) -> None:
    """This part of the platform works; `moment` is now unless somebody plays the clock."""
    await connection.execute(_BEAT, {"part": part, "moment": moment, "outage": OUTAGE_SECONDS})
