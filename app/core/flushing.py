"""What gathers in a process and is written now and then, and for the last time at its end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


class Flushing:
    """Calls `flush` so many seconds after it was done with the last, and once more when it is closed.

    `flush` keeps for the next time what it could not write; what it raises ends the flushing.
    """

    def __init__(self, flush: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._flush = flush
        self._seconds = seconds
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._flush_for_ever())

    async def close(self) -> None:
        """Write the last."""
        self._closing.set()
        if self._task is not None:
            await self._task

    async def _flush_for_ever(self) -> None:
        is_last = False
        while not is_last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._seconds)
            is_last = self._closing.is_set()
            await self._flush()
