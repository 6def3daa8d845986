"""What was stored in the last moments, for those who tell about it: listeners, and the book of arrivals.

A commit only leaves its readings behind; all looking at them happens afterwards, at most twenty times a second, for
all that have gathered. What is left behind is the readings alone: keeping their requests alive for the same 50 ms cost
2 µs a reading, for Python's collector walks what survives.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import structlog

from app.core.db import UNAVAILABLE
from app.core.text import first_line
from app.presence.counting import Came, Counting
from app.readings.announcing import Announcer
from app.readings.checking import Checks
from app.readings.digest import Digest, digest, join, newest
from app.readings.merging import Merged, Outcome
from app.readings.rows import Reading, Rows
from app.readings.waiting import Many, One, Waiting

# The first reading after a silence is told at once, the following ones together so long after it.
SPACING_SECONDS = 0.05
# Bounds the memory while Redis, PostgreSQL or the processor is slow: some 40 MB of single readings, or of what is kept
# of many.
MAX_GATHERED = 100_000

log = structlog.get_logger()


class Part:
    """Many readings of one transaction, of which only this is kept."""

    __slots__ = ("digest", "newest")

    def __init__(self, rows: Rows, merged: Merged | None = None) -> None:
        self.digest = digest(rows.server, rows.ts, time.time_ns() // 1000)
        if merged is not None:
            self.digest.count_duplicates(rows.server[merged.outcomes == Outcome.DUPLICATE])
        self.newest = rows.take(newest(rows.server, rows.ts))


class Witness:
    """What one process has stored and not yet told."""

    def __init__(self, announcer: Announcer, counting: Counting, checks: Checks | None = None) -> None:
        self._announcer = announcer
        self._counting = counting
        self._checks = checks
        self._readings: list[Reading] = []
        self._duplicates: list[int] = []
        self._parts: list[Part] = []
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._tell_for_ever())

    async def close(self) -> None:
        """Tell the last."""
        self._closing.set()
        self._wake.set()
        if self._task is not None:
            await self._task

    def note(self, group: Sequence[Waiting], merged: Merged | None) -> None:
        """A group was committed; None: every reading was new."""
        if self._is_full():
            return
        singles = [waiting.reading for waiting in group if isinstance(waiting, One)]
        self._readings += singles
        if len(singles) < len(group):
            self._parts += [Part(waiting.rows) for waiting in group if isinstance(waiting, Many)]
        if merged is not None:
            servers = merged.final.server[merged.position]
            self._duplicates += servers[merged.outcomes == Outcome.DUPLICATE].tolist()
        self._wake.set()

    def note_parts(self, parts: Sequence[Part]) -> None:
        """The parts of a large batch were committed."""
        if self._is_full():
            return
        self._parts += parts
        self._wake.set()

    def _is_full(self) -> bool:
        """Whether so much has gathered that what comes now will not be told."""
        full = len(self._readings) + sum(len(part.newest) for part in self._parts) > MAX_GATHERED
        if full:
            self._announcer.lose()
        return full

    async def _tell_for_ever(self) -> None:
        await self._announcer.introduce()
        while not self._closing.is_set() or self._readings or self._parts:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell()
            except UNAVAILABLE as error:
                log.warning("readings_not_announced", error=first_line(error))
                self._announcer.lose()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), SPACING_SECONDS)

    async def _tell(self) -> None:
        readings, self._readings = self._readings, []
        duplicates, self._duplicates = self._duplicates, []
        parts, self._parts = self._parts, []
        digests = [part.digest for part in parts]
        if self._checks:
            self._checks.note(readings or [part.newest.reading(0) for part in parts[-1:]])
        if readings:
            digests.append(_digest(readings))
        if digests:
            found = join(digests)
            found.count_duplicates(np.array(duplicates, np.int64))
            self._counting.add(_came(found))
            await self._announcer.announce(found, partial(_newest, readings, parts))


def _came(found: Digest) -> Iterable[tuple[int, Came]]:
    columns = (found.received, found.duplicates, found.late, found.least_lag, found.largest_lag, found.lags)
    rows = zip(found.server.tolist(), *(column.tolist() for column in columns), strict=True)
    for server_id, received, duplicates, late, least, largest, lags in rows:
        yield server_id, Came(received, duplicates, 0, late, least, largest, lags)


def _digest(readings: Sequence[Reading]) -> Digest:
    server = np.array([reading.server_id for reading in readings], np.int64)
    ts = np.array([reading.ts for reading in readings], np.int64)
    return digest(server, ts, time.time_ns() // 1000)


def _newest(singles: Sequence[Reading], parts: Sequence[Part]) -> list[Reading]:
    """The newest readings of each server, by server and instant; of several at one instant the later comes last."""
    readings = [part.newest.reading(position) for part in parts for position in range(len(part.newest))]
    readings += singles
    server = np.array([reading.server_id for reading in readings], np.int64)
    ts = np.array([reading.ts for reading in readings], np.int64)
    return [readings[position] for position in newest(server, ts).tolist()]
