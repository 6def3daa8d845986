"""Bytes on their way to a client that may be slow, so that nobody waits for it for long with a connection in hand.

The first of them wait in memory. A client that reads them is waited for a while; a slower one gets more from a
temporary file, which takes the disk that readings are committed to.
"""

import asyncio
import os
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import IO

# What a client of usual speed leaves waiting.
MAX_MEMORY = 4 * 2**20
# So long the writer waits in all, before the file is begun.
PATIENCE_SECONDS = 5.0
# Past this the writer waits after all: the disk belongs to the databases. The file is written round and round, so that
# it grows no larger, however long the answer.
MAX_FILE = 2 * 2**30
_READ = 2**20


class Spill:
    """A queue of bytes: one writes, one reads."""

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._in_memory = 0
        self._patience = PATIENCE_SECONDS
        self._file: IO[bytes] | None = None
        self._written = self._read = 0
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self._ended = self._held = False
        self._failure: BaseException | None = None

    def hold(self) -> None:
        """Give out nothing before the end: until then it may turn out that there is no answer."""
        self._held = True

    async def put(self, data: bytes) -> None:
        """Add bytes; waits a while for the client, and for as long as the file is full."""
        for start in range(0, len(data), _READ):
            part = data[start : start + _READ]
            if self._file is None and await self._fits(len(part)):
                self._parts.append(part)
                self._in_memory += len(part)
            else:
                await self._until_there_is_room(len(part))
                await asyncio.to_thread(self._append, memoryview(part))
            self._changed.set()

    async def _fits(self, size: int) -> bool:
        """Whether memory takes it, once the client has read what is there."""
        while self._in_memory + size > MAX_MEMORY and self._parts:
            if self._held or self._patience <= 0:
                return False
            begun = time.monotonic()
            self._drained.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), self._patience)
            self._patience -= time.monotonic() - begun
        return self._in_memory + size <= MAX_MEMORY

    async def _until_there_is_room(self, size: int) -> None:
        while self._written - self._read + size > MAX_FILE:
            self._held = False
            self._changed.set()
            self._drained.clear()
            await self._drained.wait()

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing more comes; the reader raises the failure behind what came."""
        if not self._ended:
            self._ended, self._failure = True, failure
            self._changed.set()

    @property
    def is_over(self) -> bool:
        """Whether all that comes is there."""
        return self._ended

    async def read(self) -> AsyncIterator[bytes]:
        """The bytes in their order."""
        while True:
            if self._held and not self._ended:
                self._changed.clear()
                await self._changed.wait()
            elif self._held and self._failure:
                raise self._failure
            elif self._parts:
                part = self._parts.popleft()
                self._in_memory -= len(part)
                self._drained.set()
                yield part
            elif self._read < self._written:
                yield await asyncio.to_thread(self._next)
                self._drained.set()
            elif self._ended:
                if self._failure:
                    raise self._failure
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Give the disk back."""
        if self._file is not None:
            self._file.close()

    def _append(self, data: memoryview) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="sentinela-answer-")  # noqa: SIM115
        while data:
            # At a position of its own: the reader may be at another one meanwhile. A disk that is nearly full takes
            # less than it is given.
            place = self._written % MAX_FILE
            done = os.pwrite(self._file.fileno(), data[: MAX_FILE - place], place)
            self._written += done
            data = data[done:]

    def _next(self) -> bytes:
        if self._file is None:
            return b""
        place = self._read % MAX_FILE
        size = min(_READ, self._written - self._read, MAX_FILE - place)
        data = os.pread(self._file.fileno(), size, place)
        self._read += len(data)
        return data
