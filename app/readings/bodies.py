"""The body of a request on disk: whole, before anything is decoded, so that a slow client holds no transaction."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from app.core.errors import TooLarge
from app.core.problems import TOO_LARGE_DETAIL

# Up to here a body stays in memory.
IN_MEMORY_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it was sent: its bytes, at the beginning, how many, and their SHA-256."""

    file: BinaryIO
    size: int
    sha256: bytes


@asynccontextmanager
async def spooled(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[Body]:
    """The whole body, gone at the end of the block. Raises: TooLarge past `limit` bytes."""
    size = 0
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        async for piece in stream:
            size += len(piece)
            if size > limit:
                raise TooLarge(TOO_LARGE_DETAIL, limit=limit)
            digest.update(piece)
            # Into the page cache: a thread for each piece would cost more than the copy.
            file.write(piece)
        file.seek(0)
        yield Body(cast(BinaryIO, file), size, digest.digest())
