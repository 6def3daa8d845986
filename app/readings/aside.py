"""Work on many rows, aside from the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Sorting, packing or counting so many rows takes 1 ms, which is what a thread costs; more of them would keep every
# other request waiting.
INLINE_ROWS = 4000


async def aside(rows: int, work: Callable[[], T]) -> T:
    """The result of this work on so many rows: at once for few of them, else from a thread."""
    return work() if rows <= INLINE_ROWS else await asyncio.to_thread(work)
