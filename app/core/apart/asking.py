"""The side that has work: it starts the process with the first piece and lets it go after some minutes without any."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from app.core import tracing
from app.core.apart.frames import END, FAILURE, KIND, LENGTH, Order, Work, arriving, packed, unpacked, whole
from app.core.errors import Unavailable
from app.core.settings import Settings

MODULE = "app.core.apart.process"
# It takes some 90 MB while it is there, and a second to be there again.
IDLE_SECONDS = 300
STOP_SECONDS = 2
ENDED = "The process that answers heavy questions has ended; ask again in a moment."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Process:
    """A running one, and the socket on which it takes work."""

    process: "subprocess.Popen[bytes]"
    control: socket.socket

    def connect(self) -> socket.socket:
        """A socket that it listens to. Raises: OSError when it is gone."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                socket.send_fds(self.control, [b"."], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours


class Apart:
    """The process that works for this one; `settings` are what it connects to the database by."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: _Process | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._working = 0
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, work: Work) -> AsyncGenerator[bytes]:
        """The parts of its result; closing this ends the work. Raises: Unavailable, and what the work raises."""
        self._working += 1
        if self._idle is not None:
            self._idle.cancel()
        running = None
        try:
            running, connection = self._connected()
            async with aclosing(_result(connection, work)) as parts:
                async for part in parts:
                    yield part
        except ConnectionError:
            # It may have died a moment ago and not be buried yet.
            self._let_go(running)
            log.error("apart_ended", meaning="the process for heavy questions died or did not start; memory?")
            raise Unavailable(ENDED) from None
        finally:
            self._working -= 1
            if not self._working:
                self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._let_go, self._running)

    async def whole(self, work: Work) -> bytes:
        """All parts, one behind the other. Raises as `run`."""
        async with aclosing(self.run(work)) as parts:
            return b"".join([part async for part in parts])

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        self._let_go(self._running)
        await asyncio.gather(*self._ending)

    def _let_go(self, running: _Process | None) -> None:
        """It ends when nobody holds the other end of its socket."""
        if running is None or self._running is not running:
            return
        self._running = None
        running.control.close()
        ending = asyncio.create_task(asyncio.to_thread(_bury, running.process))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _connected(self) -> tuple[_Process, socket.socket]:
        """The process, started when it is not there, and a socket that it listens to. Raises: ConnectionError."""
        if self._running is not None:
            try:
                return self._running, self._running.connect()
            except OSError:
                self._let_go(self._running)
        try:
            self._running = _started(self._settings)
        except OSError as error:
            # No memory, or no file, is left for it.
            raise ConnectionAbortedError(str(error)) from error
        return self._running, self._running.connect()


def _started(settings: Settings) -> _Process:
    """Raises: OSError."""
    control, theirs = socket.socketpair()
    command = [sys.executable, "-m", MODULE, str(theirs.fileno())]
    try:
        with theirs:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))  # noqa: S603 - our own module
        control.sendall(packed(settings))
    except OSError:
        control.close()
        raise
    return _Process(process, control)


async def _result(connection: socket.socket, work: Work) -> AsyncGenerator[bytes]:
    """Raises: ConnectionError, and what the work raises."""
    with connection:
        await _give(connection, work)
        while True:
            (kind,) = KIND.unpack(await whole(connection, KIND.size))
            if kind == END:
                return
            if kind == FAILURE:
                raise await unpacked(connection)
            (size,) = LENGTH.unpack(await whole(connection, LENGTH.size))
            async for part in arriving(connection, size):
                yield part


async def _give(connection: socket.socket, work: Work) -> None:
    trace: dict[str, object] = {}
    tracing.inject(trace)
    order = Order(work, structlog.contextvars.get_contextvars(), trace)
    await asyncio.get_running_loop().sock_sendall(connection, packed(order))


def _bury(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
