"""What the two processes say to each other on the socket of one piece of work.

There: an order, pickled, behind its length. Back: frames, each with its kind and its length, the last of which is
`END` or `FAILURE`. Whoever closes the socket ends the work.
"""

import pickle
import socket
import struct
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.core.db import Database

PIECE, END, FAILURE = range(3)
HEAD = struct.Struct("<BQ")
LENGTH = struct.Struct("<Q")


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


def received(connection: socket.socket) -> Any:
    """What `packed` packed, from a socket that waits. Raises: EOFError."""
    (size,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return pickle.loads(_exactly(connection, size))  # noqa: S301 - of our own process, on a socket without a name


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            raise EOFError
        content += part
    return content
