"""Whether what was acknowledged is stored: a few readings are looked for again, at once and when their hour is sealed.

Whoever deletes readings, or writes into history, raises the server's history version in the same transaction. So of a
server that has just sent, the version is read first and its next reading is remembered; when that reading is not there
and the version has not moved, it was lost, and an operator must know.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from app.core import metrics, stopping
from app.core.clock import format_microseconds, from_microseconds
from app.core.db import UNAVAILABLE, Database, driver_of
from app.readings.forms import forms
from app.readings.rows import Reading
from app.readings.segments import HOUR, decode_timestamps

# One reading of each process so often: two statements of a millisecond, and a loss that goes on shows within it.
PAUSE_SECONDS = 5.0
# Servers of which the next reading may be the one; each process hears them in turn.
MAX_SERVERS = 20
# What waits for its second look; a night of them.
MAX_KEPT = 10_000
# Looked for at once.
BATCH = 50
# An hour is sealed within so long after the lag behind its end.
SEALED_AFTER_SECONDS = 3600.0 + 900.0

# From the first scrape on, for a counter that appears with its first loss has not grown for Prometheus.
_OUTCOMES = {name: metrics.ACKNOWLEDGED.labels(name) for name in ("stored", "missing", "changed")}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """An acknowledged reading, and its server's history version before it was stored or when it was last seen."""

    server_id: int
    ts: int
    version: int


class Checks:
    """The readings that one process looks for again. A restart forgets them, and begins with new ones."""

    def __init__(self, database: Database, seal_lag_seconds: float) -> None:
        self._database = database
        self._again_after = seal_lag_seconds + SEALED_AFTER_SECONDS
        self._heard: list[int] = []
        self._wanted: dict[int, int] = {}
        self._fresh: Kept | None = None
        self._later: deque[tuple[float, Kept]] = deque(maxlen=MAX_KEPT)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._look_for_ever())

    async def close(self) -> None:
        await stopping.cancel(self._task)

    def note(self, readings: Sequence[Reading]) -> None:
        """These were committed and acknowledged."""
        if self._wanted:
            found = next((each for each in readings if each.server_id in self._wanted), None)
            if found:
                self._fresh = Kept(found.server_id, found.ts, self._wanted[found.server_id])
                self._wanted = {}
        self._heard = [each.server_id for each in readings[-MAX_SERVERS:]] or self._heard

    async def look(self) -> None:
        """Look for what is due, then at the versions of who was heard. Raises what a database that is away raises."""
        fresh = [self._fresh] if self._fresh else []
        due: list[Kept] = []
        while self._later and self._later[0][0] <= time.monotonic() and len(due) < BATCH:
            due.append(self._later.popleft()[1])
        try:
            seen = await self._seen([*fresh, *due]) if fresh or due else []
        except UNAVAILABLE:
            self._later.extendleft((0.0, kept) for kept in reversed(due))
            raise
        for kept, version in zip([*fresh, *due], seen, strict=True):
            if version is not None and kept is self._fresh:
                again = Kept(kept.server_id, kept.ts, version)
                self._later.append((time.monotonic() + self._again_after, again))
        self._fresh, self._wanted = None, await self._versions(self._heard)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            with contextlib.suppress(*UNAVAILABLE):
                await self.look()

    async def _versions(self, servers: Sequence[int]) -> dict[int, int]:
        if not servers:
            return {}
        async with self._database.write() as session:
            connection = await driver_of(session)
            cursor = await connection.execute(forms(connection).versions, {"servers": list(set(servers))})
            return dict(await cursor.fetchall())

    async def _seen(self, wanted: Sequence[Kept]) -> list[int | None]:
        """Of each the version under which it is stored; None where it is not, which is counted."""
        values = {
            "servers": [kept.server_id for kept in wanted],
            "instants": [from_microseconds(kept.ts) for kept in wanted],
            "hours": [kept.ts // HOUR for kept in wanted],
        }
        async with self._database.write() as session:
            connection = await driver_of(session)
            rows = await (await connection.execute(forms(connection).acknowledged, values)).fetchall()
        found: list[int | None] = []
        for kept, (version, hot, timestamps) in zip(wanted, rows, strict=True):
            stored = hot or (timestamps is not None and await asyncio.to_thread(_holds, timestamps, kept.ts))
            _count(kept, version, stored=stored)
            found.append(version if stored else None)
        return found


def _holds(timestamps: bytes, ts: int) -> bool:
    return bool((decode_timestamps(timestamps) == ts).any())


def _count(kept: Kept, version: int | None, *, stored: bool) -> None:
    """`version`: the server's now; None: it is gone."""
    outcome = "stored" if stored else "missing" if version == kept.version else "changed"
    _OUTCOMES[outcome].inc()
    if outcome == "missing":
        log.error("acknowledged_reading_missing", server_id=kept.server_id, timestamp=format_microseconds(kept.ts))
