"""Making the next part ready while one is used."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def ahead(parts: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """The same parts; while the caller works on one, the next is made ready."""
    upcoming = asyncio.ensure_future(anext(parts, None))
    try:
        while (part := await upcoming) is not None:
            upcoming = asyncio.ensure_future(anext(parts, None))
            yield part
    finally:
        # What the parts are made of is closed behind us: nobody may be reading it any more.
        await asyncio.gather(upcoming, return_exceptions=True)
        await parts.aclose()
