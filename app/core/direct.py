"""Short work with PostgreSQL in a thread of its own, which waits for the server in psycopg's C code.

On the event loop each statement takes some 0.2 ms of CPU, whatever it asks, and what is computed between two of them
goes to a thread and back. A question that is over in a few milliseconds spends most of them so. Here the thread does
all of it. The work is written as coroutines all the same, so that the same code runs on the event loop when it is
long; nothing that it awaits here suspends (`finish`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Generic, TypeVar

import psycopg
from sqlalchemy.exc import TimeoutError as PoolTimeout

T = TypeVar("T")

# Whoever finds no free thread in this time is told that the database is away, as with the pool of the event loop.
WAIT_SECONDS = 10.0


class Threads:
    """So many threads, for work that is over soon: whoever asks waits until one is free."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="direct")

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises: sqlalchemy's TimeoutError when no thread gets free, and what `work` raises."""
        try:
            await asyncio.wait_for(self._free.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise PoolTimeout("every thread for short queries is busy") from None
        loop = asyncio.get_running_loop()
        future = self._executor.submit(copy_context().run, work)
        # Not when the caller is cancelled: the thread goes on until the server has answered.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


class Done(Generic[T]):
    """Stands for a task where there is no event loop: its result, which is there already."""

    def __init__(self, result: T) -> None:
        self._result = result

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()
        return self._result


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that awaits nothing but what is there already."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("work in a thread waited for an event loop")


class DirectConnection:
    """A connection of psycopg that waits where it is called, behind what the read path uses of an `AsyncConnection`."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def cursor(self, *, binary: bool = False) -> "DirectCursor":
        return DirectCursor(self._connection.cursor(binary=binary))

    async def execute(self, statement: Any, parameters: Any = None) -> "DirectCursor":
        return await self.cursor().execute(statement, parameters)


class DirectCursor:
    """Its cursor."""

    def __init__(self, cursor: "psycopg.Cursor[Any]") -> None:
        self._cursor = cursor

    async def __aenter__(self) -> "DirectCursor":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._cursor.close()

    async def execute(self, statement: Any, parameters: Any = None) -> "DirectCursor":
        self._cursor.execute(statement, parameters)
        return self

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()
