"""A Sender for asyncio."""

import asyncio
import os
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, Unpack

from sentinela_client.dead_letters import DeadLetter
from sentinela_client.sender import Options, Sender
from sentinela_client.status import Status

# A flush that is cancelled keeps a thread for so long.
_SLICE_SECONDS = 0.25


class AsyncSender:
    """`Sender` with awaitable methods: the disk and the network are its thread's, the event loop waits for neither.

    `async with AsyncSender(url, key, "readings.db") as sender: await sender.add(temperature=25.3)`. Takes what `Sender`
    takes, and raises the same; what each method does is told there.
    """

    def __init__(self, url: str, key: str | None, buffer: str | os.PathLike[str], **options: Unpack[Options]) -> None:
        self._sender = Sender(url, key, buffer, **options)

    async def add(
        self, *, server_ulid: str | None = None, timestamp: datetime | str | None = None, **values: float
    ) -> None:
        await self.add_many([{"server_ulid": server_ulid, "timestamp": timestamp, **values}])

    async def add_many(self, readings: Iterable[Mapping[str, Any]]) -> None:
        await asyncio.to_thread(self._sender.add_many, readings)

    async def flush(self, timeout: float | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        mark = await asyncio.to_thread(self._sender.mark)
        while True:
            left = _SLICE_SECONDS if deadline is None else min(deadline - time.monotonic(), _SLICE_SECONDS)
            if await asyncio.to_thread(self._sender.flush_to, mark, max(left, 0.0)):
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False

    async def status(self) -> Status:
        return await asyncio.to_thread(self._sender.status)

    async def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        return await asyncio.to_thread(self._sender.dead_letters, limit)

    async def resend(self, ids: Collection[int] | None = None) -> int:
        return await asyncio.to_thread(self._sender.resend, ids)

    async def discard(self, ids: Collection[int]) -> int:
        return await asyncio.to_thread(self._sender.discard, ids)

    async def close(self, timeout: float = 5.0) -> None:
        await asyncio.to_thread(self._sender.close, timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
