"""From the chunks of a file to loads: readings of known servers, as many as one go may hold."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

import numpy as np

from app.core.db import Database
from app.jobs.errors import JobFailed
from app.readings import straight
from app.readings.answers import explain
from app.readings.cells import in_key_order
from app.readings.columns import Chunk, Columns
from app.readings.quantities import NAMES
from app.readings.registry import Registry
from app.readings.rows import EMPTY, Rows, concatenate
from app.servers import service as servers
from app.transfers.files import ReadingsFile
from app.transfers.schemas import ImportOptions

# Some 30 MB as columns and twice that while they are sorted: 100 servers at 1 Hz fill an hour of segments with it.
# What an earlier release began must find its loads cut as they were: its checkpoint names the last cell of one.
LOAD_ROWS = 400_000

Refused = list[tuple[int, str]]
"""Rows of the file, and what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Load:
    """A stretch of the file: where it ends, its good readings, and the others."""

    end: int
    young: Rows
    """Those that become hot rows, in their order."""
    old: Rows
    """Those that go into segments, in key order."""
    refused: Refused
    progress: float
    """The share of the file that is read with it, 0 to 1."""

    def __len__(self) -> int:
        return len(self.young) + len(self.old)


class Loader:
    """Reads a file from a given row on. A load ends where a chunk ends, so a second run cuts the file as the first."""

    def __init__(
        self,
        database: Database,
        workspace_id: int,
        options: ImportOptions,
        known_servers: dict[str, int],
        registry: Registry,
        first_hot: int,
    ) -> None:
        """`known_servers` are the numbers of the workspace's servers by ULID and by name; readings before `first_hot`
        go into segments.
        """
        self._database = database
        self._workspace_id = workspace_id
        self._options = options
        self._known = known_servers
        self._registry = registry
        self._first_hot = first_hot

    async def loads(self, file: ReadingsFile, first: int) -> AsyncGenerator[Load]:
        """The loads from row `first` on. Raises: JobFailed."""
        while True:
            chunks, progress = await asyncio.to_thread(_gather, file, first)
            if not chunks:
                return
            if self._options.create_servers:
                await self._create_servers(chunks)
            await self._admit(chunks)
            load = await asyncio.to_thread(self._resolve, chunks, progress)
            first = load.end
            yield load

    async def _create_servers(self, chunks: Iterable[Chunk]) -> None:
        names = {name.strip() for chunk in chunks for name in chunk.columns.servers}
        missing = sorted(name for name in names if self._number(name) is None and servers.is_name(name))
        if missing:
            async with self._database.write(self._workspace_id) as session:
                self._known.update(await servers.ensure(session, self._workspace_id, missing))

    async def _admit(self, chunks: Iterable[Chunk]) -> None:
        """Register the custom quantities of a file that is said to have some."""
        custom = {name for chunk in chunks for name in chunk.columns.values} - set(NAMES)
        if custom and self._options.other_columns == "quantities":
            refused = await self._registry.admit(self._workspace_id, custom)
            for name, fault in sorted(refused.items()):
                raise JobFailed(explain([name], fault["msg"]))

    def _resolve(self, chunks: list[Chunk], progress: float) -> Load:
        refused = [(fault.index, explain(fault.error["loc"], fault.error["msg"])) for c in chunks for fault in c.faults]
        parts = [self._rows(chunk.columns, refused) for chunk in chunks]
        old, young = straight.divide(concatenate(parts) if parts else EMPTY, self._first_hot)
        # Sorted here, while the load before this one is stored: that takes longer than making one ready.
        return Load(max(map(_end, chunks)), young, in_key_order(old), sorted(refused), progress)

    def _rows(self, columns: Columns, refused: Refused) -> Rows:
        numbers = np.array([self._number(name.strip()) or -1 for name in columns.servers], np.int64)[columns.server]
        values = columns.values
        if self._options.other_columns == "ignore":
            values = {name: column for name, column in values.items() if name in NAMES}
        empty = np.zeros(len(numbers), np.bool_)
        if len(values) < len(columns.values):
            # Otherwise every row has a value.
            empty = np.all([np.isnan(column) for column in values.values()] or [~empty], axis=0)
        known = numbers >= 0
        for row in np.flatnonzero(~known).tolist():
            server = columns.servers[columns.server[row]]
            refused.append((int(columns.index[row]), f"There is no server {server!r} in this workspace."))
        for row in np.flatnonzero(known & empty).tolist():
            refused.append((int(columns.index[row]), f"Send at least one value: {', '.join(NAMES)}"))
        rows = Rows(numbers, columns.ts, values)
        good = known & ~empty
        return rows if good.all() else rows.take(good)

    def _number(self, server: str) -> int | None:
        return self._known.get(server) or self._known.get(server.upper())


def _gather(file: ReadingsFile, first: int) -> tuple[list[Chunk], float]:
    """The next chunks that have rows from `first` on, and how much of the file is read then."""
    chunks: list[Chunk] = []
    count = 0
    while count < LOAD_ROWS and (chunk := file.next_chunk()) is not None:
        if (len(chunk.columns) or chunk.faults) and _end(chunk) > first:
            chunks.append(chunk)
            count += len(chunk.columns) + len(chunk.faults)
    return chunks, file.progress


def _end(chunk: Chunk) -> int:
    """The row behind the last one of a chunk."""
    last: int = max([*chunk.columns.index[-1:].tolist(), *(fault.index for fault in chunk.faults[-1:])])
    return last + 1
