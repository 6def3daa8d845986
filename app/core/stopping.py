"""The moment in which a process is asked to end, for answers that would not end by themselves."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any


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
