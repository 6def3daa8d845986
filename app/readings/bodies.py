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
    """A body as it was sent: its bytes and how many."""

    file: BinaryIO
    size: int

    def sha256(self) -> bytes:
        """Of all its bytes; 2 ms a megabyte."""
        self.file.seek(0)
        digest = hashlib.sha256()
        while piece := self.file.read(IN_MEMORY_BYTES):
            digest.update(piece)
        return digest.digest()


@asynccontextmanager
async def spooled(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[Body]:
    """The whole body, gone at the end of the block. Raises: TooLarge past `limit` bytes."""
    size = 0
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        async for piece in stream:
            size += len(piece)
            if size > limit:
                raise TooLarge(TOO_LARGE_DETAIL, limit=limit)
            # Into the page cache: a thread for each piece would cost more than the copy.
            file.write(piece)
        file.seek(0)
        yield Body(cast(BinaryIO, file), size)
