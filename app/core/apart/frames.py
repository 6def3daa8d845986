"""What the two processes say to each other on the socket of one piece of work.

There: an order, pickled, behind its length. Back: frames, each a kind and content behind its length; the last is `END`
alone, or `FAILURE` and the error. Whoever closes the socket ends the work.
"""

import asyncio
import pickle
import socket
import struct
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.core.db import Database

PIECE, END, FAILURE = range(3)
KIND = struct.Struct("<B")
LENGTH = struct.Struct("<Q")
# As much as a socket of Linux holds.
PART_BYTES = 2**18


class Work(Protocol):
    """What can be done there: pickled here, so it is a class of a module, with what it needs in its fields."""

    def parts(self, database: Database) -> AsyncGenerator[bytes]:
        """Its result, bit by bit. What it raises is raised here."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """Work, and what log lines and traces of it belong to."""

    work: Work
    context: dict[str, Any] = field(default_factory=dict)
    trace: dict[str, Any] = field(default_factory=dict)


def packed(value: object) -> bytes:
    """A value behind its length."""
    content = pickle.dumps(value)
    return LENGTH.pack(len(content)) + content


async def unpacked(connection: socket.socket) -> Any:
    """What `packed` packed. Raises: ConnectionError."""
    (size,) = LENGTH.unpack(await whole(connection, LENGTH.size))
    return pickle.loads(await whole(connection, size))  # noqa: S301 - of our own process, on a socket without a name


async def whole(connection: socket.socket, size: int) -> bytes:
    """So many bytes. Raises: ConnectionError."""
    return b"".join([part async for part in arriving(connection, size)])


async def arriving(connection: socket.socket, size: int) -> AsyncGenerator[bytes]:
    """So many bytes, as they come. Raises: ConnectionError."""
    loop = asyncio.get_running_loop()
    while size:
        part = await loop.sock_recv(connection, min(size, PART_BYTES))
        if not part:
            raise ConnectionResetError
        size -= len(part)
        yield part
