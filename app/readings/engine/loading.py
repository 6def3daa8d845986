"""A block of hours, fetched here and decoded in a thread, off the event loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.core.copy import Connection
from app.core.direct import Done
from app.readings.engine import fetching
from app.readings.engine.decoding import ServerRows, decoded
from app.readings.engine.fetching import HotRows, Hours, Segments
from app.readings.engine.question import Question

T = TypeVar("T")

# Decoding and summing let go of the interpreter most of the time; more threads than this would take ingest its core.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="query")


def in_thread(work: Callable[[], T]) -> asyncio.Future[T] | Done[T]:
    """Run this off the event loop; so many at a time that ingest keeps its processor. In a thread it is run at once."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return Done(work())
    return loop.run_in_executor(_threads, work)


async def load(
    connection: Connection,
    question: Question,
    blocks: Iterable[Hours],
    use: Callable[[list[ServerRows]], T],
    low: int,
    high: int,
) -> AsyncGenerator[T]:
    """What `use` makes, in a thread, of the readings of each block that lie in [low, high).

    While one block is decoded the next is fetched.
    """
    working: asyncio.Future[T] | Done[T] | None = None
    try:
        for block in blocks:
            segments = await fetching.segments(connection, question, block)
            hot = await fetching.hot_rows(connection, question, block, low, high)
            if working is not None:
                yield await working
            working = in_thread(_work(question, block, segments, hot, use))
        if working is not None:
            yield await working
    finally:
        if isinstance(working, asyncio.Future) and not working.done():
            await asyncio.wait([working])


def _work(
    question: Question, block: Hours, segments: Segments, hot: HotRows, use: Callable[[list[ServerRows]], T]
) -> Callable[[], T]:
    return lambda: use(list(decoded(question, block, segments, hot)))
