"""The process that works for another: `python -m app.core.apart.process FD`, started by `asking` alone.

On its socket FD come its settings, then a socket for each piece of work; when the other end is closed it ends at once.
"""

import asyncio
import os
import pickle
import signal
import socket
import sys
import traceback
from contextlib import aclosing, suppress
from pathlib import Path

import structlog

from app.core import tracing
from app.core.apart.frames import END, FAILURE, KIND, LENGTH, PIECE, Order, packed, unpacked
from app.core.db import Database
from app.core.logging import configure
from app.core.memory import spare_memory

# Whoever sends readings, or asks for few, comes first: a processor that both want is theirs but for some hundredth.
NICENESS = 19
# Should memory run out, this process is ended rather than the one that takes readings in (Linux; 0 to 1000).
OOM_SCORE = "500"
CONNECTIONS = 2


class Working:
    """All the work that goes on here."""

    def __init__(self, control: socket.socket, database: Database) -> None:
        self._control = control
        self._database = database
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self) -> None:
        """Take what comes until nobody is there any more."""
        gone, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._control, self._take_one, gone)
        await gone.wait()

    def _take_one(self, gone: asyncio.Event) -> None:
        # One byte at a time: each comes with one socket.
        data, sockets, *_ = socket.recv_fds(self._control, 1, 1)
        if not data:
            asyncio.get_running_loop().remove_reader(self._control)
            gone.set()
        for descriptor in sockets:
            task = asyncio.create_task(self._work(socket.socket(fileno=descriptor)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        with connection, suppress(ConnectionError):
            order = await unpacked(connection)
            working = asyncio.create_task(_answer(connection, order, self._database))
            leaving = asyncio.create_task(_end_with(connection, working))
            with suppress(asyncio.CancelledError):
                await working
            leaving.cancel()


async def _end_with(connection: socket.socket, working: "asyncio.Task[None]") -> None:
    """Who gave the order says nothing more: what comes is the end of the socket."""
    with suppress(ConnectionError):
        await asyncio.get_running_loop().sock_recv(connection, 1)
    working.cancel()


async def _answer(connection: socket.socket, order: Order, database: Database) -> None:
    loop = asyncio.get_running_loop()
    with structlog.contextvars.bound_contextvars(**order.context), tracing.continued(order.trace):
        try:
            async with aclosing(order.work.parts(database)) as parts:
                async for part in parts:
                    await _send(connection, PIECE, LENGTH.pack(len(part)))
                    await loop.sock_sendall(connection, part)
        except ConnectionError:
            raise
        except Exception as error:
            await _send(connection, FAILURE, packed(_told(error)))
        else:
            await _send(connection, END)


async def _send(connection: socket.socket, kind: int, content: bytes = b"") -> None:
    await asyncio.get_running_loop().sock_sendall(connection, KIND.pack(kind) + content)


def _told(error: Exception) -> Exception:
    """The error, with where it came from as a note; another with its text, where it does not survive the way."""
    text = "".join(traceback.format_exception(error))
    error.add_note(text)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - just made
    except Exception:
        return RuntimeError(text)
    return error


async def _serve(control: socket.socket) -> None:
    settings = await unpacked(control)
    configure(settings)
    tracing.export("sentinela-api")
    await Working(control, Database(settings, CONNECTIONS)).take()
    tracing.flush()
    # A thread that computes would be waited for; nobody is there to whom it matters.
    os._exit(0)


def main() -> None:
    spare_memory()
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    # A terminal's Ctrl-C and a service manager reach this one too; it works for as long as the other one needs it.
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(False)
    with suppress(ConnectionError):
        asyncio.run(_serve(control))


if __name__ == "__main__":
    main()
