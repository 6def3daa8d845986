"""A file to send, in constant memory: its bytes, whether they are gzip, and how many."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.cli.console import CommandFailed

# Bytes read and sent at a time; the whole file is never in memory.
CHUNK = 256 * 1024
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """A file to send: its bytes (the first ones are read already), its size when known, whether it is gzip."""

    name: str
    first: bytes
    rest: BinaryIO
    size: int | None

    @property
    def gzip(self) -> bool:
        """By its first bytes: names lie, and a stream has none."""
        return self.first.startswith(GZIP_MAGIC)

    def headers(self) -> dict[str, str]:
        # The API tells the format by the first bytes, as this does.
        headers = {"Content-Type": "application/octet-stream"}
        if self.gzip:
            headers["Content-Encoding"] = "gzip"
        if self.size is not None:
            headers["Content-Length"] = str(self.size)
        return headers

    def chunks(self, sent: Callable[[int], None]) -> Iterator[bytes]:
        """All bytes, once, in pieces; each is reported after it was handed to the connection."""
        chunk = self.first
        while chunk:
            yield chunk
            sent(len(chunk))
            chunk = self.rest.read(CHUNK)


@contextmanager
def open_source(file: str) -> Iterator[Source]:
    """The file, or stdin for `-`. Raises CommandFailed when it is missing, unreadable or empty."""
    if file == "-":
        yield _source("stdin", sys.stdin.buffer, None)
        return
    path = Path(file)
    try:
        stream = path.open("rb")
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise CommandFailed(f"cannot read {file}: {error.strerror}") from None
    with stream:
        yield _source(path.name, stream, size)


def _source(name: str, stream: BinaryIO, size: int | None) -> Source:
    first = stream.read(CHUNK)
    if not first:
        raise CommandFailed(f"{name} is empty: its first line must name the columns")
    return Source(name, first, stream, size)
