"""What was stored in the last moments, for those who tell about it: listeners, and the book of arrivals.

A commit only leaves a reference behind; all looking at it happens afterwards, at most twenty times a second, for all
that has gathered.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import structlog

from app.core.db import UNAVAILABLE
from app.readings.announcing import Announcer
from app.readings.digest import Digest, Mask, digest, join, newest
from app.readings.merging import Merged, Outcome
from app.readings.rows import Reading, Rows
from app.readings.waiting import One, Waiting, gather

# The first reading after a silence is told at once, the following ones together so long after it.
SPACING_SECONDS = 0.05
# Bounds the memory while Redis or the processor is slow: some 60 MB of single readings.
MAX_GATHERED = 100_000

log = structlog.get_logger()


class Part:
    """A part of a large batch, of which only this is kept until its commit."""

    __slots__ = ("digest", "newest")

    def __init__(self, rows: Rows, merged: Merged | None) -> None:
        arrived = np.full(len(rows), time.time_ns() // 1000)
        self.digest = digest(rows.server, rows.ts, arrived, _duplicates(merged, len(rows)))
        self.newest = rows.take(newest(rows.server, rows.ts))


class Witness:
    """What one process has stored and not yet told."""

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer
        self._groups: list[tuple[Sequence[Waiting], Merged | None, int]] = []
        self._parts: list[Part] = []
        self._gathered = 0
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

    def note(self, group: Sequence[Waiting], merged: Merged | None, size: int) -> None:
        """A group of `size` readings was committed; None: all of them were new."""
        if self._gathered > MAX_GATHERED:
            self._announcer.lose()
            return
        self._gathered += size
        self._groups.append((group, merged, time.time_ns() // 1000))
        self._wake.set()

    def note_parts(self, parts: Sequence[Part]) -> None:
        """The parts of a large batch were committed."""
        self._parts += parts
        self._wake.set()

    async def _tell_for_ever(self) -> None:
        await self._announcer.begin()
        while not self._closing.is_set() or self._groups or self._parts:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell()
            except UNAVAILABLE as error:
                log.warning("readings_not_announced", error=str(error).splitlines()[0])
                self._announcer.lose()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), SPACING_SECONDS)

    async def _tell(self) -> None:
        groups, self._groups = self._groups, []
        parts, self._parts = self._parts, []
        self._gathered = 0
        if not groups and not parts:
            return
        digests = [part.digest for part in parts]
        if groups:
            digests.append(_digest(groups))
        await self._announcer.announce(join(digests), partial(_newest, groups, parts))


def _digest(groups: Sequence[tuple[Sequence[Waiting], Merged | None, int]]) -> Digest:
    keys = [_keys(group) for group, _, _ in groups]
    sizes = [len(server) for server, _ in keys]
    return digest(
        np.concatenate([server for server, _ in keys]),
        np.concatenate([ts for _, ts in keys]),
        np.repeat(np.array([arrived for _, _, arrived in groups]), sizes),
        np.concatenate([_duplicates(merged, size) for (_, merged, _), size in zip(groups, sizes, strict=True)]),
    )


def _keys(group: Sequence[Waiting]) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", ...]:
    """Servers and instants of a group, without its values where they stand alone."""
    singles = [waiting.reading for waiting in group if isinstance(waiting, One)]
    if len(singles) < len(group):
        rows = gather(group)
        return rows.server, rows.ts
    columns = ([reading.server_id for reading in singles], [reading.ts for reading in singles])
    return tuple(np.array(column, np.int64) for column in columns)


def _duplicates(merged: Merged | None, size: int) -> Mask:
    return np.zeros(size, np.bool_) if merged is None else merged.outcomes == Outcome.DUPLICATE


def _newest(groups: Sequence[tuple[Sequence[Waiting], Merged | None, int]], parts: Sequence[Part]) -> list[Reading]:
    """The newest readings of each server, by server and instant; of several at one instant the later comes last."""
    readings = [part.newest.reading(position) for part in parts for position in range(len(part.newest))]
    for group, _, _ in groups:
        for waiting in group:
            if isinstance(waiting, One):
                readings.append(waiting.reading)
            else:
                rows = waiting.rows.take(newest(waiting.rows.server, waiting.rows.ts))
                readings += [rows.reading(position) for position in range(len(rows))]
    server = np.array([reading.server_id for reading in readings], np.int64)
    ts = np.array([reading.ts for reading in readings], np.int64)
    return [readings[position] for position in newest(server, ts).tolist()]
