"""Ending what would not end by itself: tasks that run for ever, and answers when the process is asked to end."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any


async def cancel(task: "asyncio.Task[Any] | None") -> None:
    """End a task that runs for ever, and wait until it has; None: there is none."""
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def on_exit_signal(callback: Callable[[], None]) -> None:
    """Have the running loop call back when this process is asked to end.

    The server behind it waits for its answers first, and one without an end would keep it waiting. Where it handles no
    signals, because it does not run in the main thread, nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if callable(handler):
            signal.signal(number, partial(_call_back, loop, callback, handler))


def _call_back(
    loop: asyncio.AbstractEventLoop,
    callback: Callable[[], None],
    handler: Callable[[int, FrameType | None], Any],
    number: int,
    frame: FrameType | None,
) -> None:
    # The loop may be closed already: then there are no answers left.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
    handler(number, frame)
