"""An uploaded file as chunks of readings, whatever its format and whether it is compressed: its first bytes tell."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.core.errors import Problem
from app.jobs.errors import JobFailed
from app.readings import formats
from app.readings.answers import explain
from app.readings.columns import Chunk
from app.readings.formats.compression import open_decompressed

# Longer than any blank lines before the first reading.
HEAD_BYTES = 4096
COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
# A file is read as a stream, so a bomb costs time and no memory; text that repeats itself opens to this much.
MAX_RATIO, MAX_BYTES = 1000, 2**50
_ARROW = b"\xff\xff\xff\xff"


class ReadingsFile:
    """The chunks of an open file, and how much of it was read."""

    def __init__(self, raw: BinaryIO, size: int, options: formats.Options, quantities: Collection[str]) -> None:
        self._raw = raw
        self._size = max(size, 1)
        head = _head(raw)
        compression = next((name for magic, name in COMPRESSIONS.items() if head.startswith(magic)), None)
        self._media_type = _media_type(_head(_opened(raw, compression)))
        raw.seek(0)
        self._chunks = formats.decode(_opened(raw, compression), self._media_type, options, quantities)

    def next_chunk(self) -> Chunk | None:
        """None at the end. Raises: JobFailed, in words for the file's owner."""
        try:
            return next(self._chunks, None)
        except Problem as error:
            raise JobFailed(_words(error)) from None

    @property
    def progress(self) -> float:
        """The share of the file's bytes that was read, 0 to 1."""
        # A Parquet file is closed by its reader.
        return 1.0 if self._raw.closed else min(self._raw.tell() / self._size, 1.0)


@contextmanager
def open_file(path: Path, options: formats.Options, quantities: Collection[str]) -> Iterator[ReadingsFile]:
    """The file's readings. Raises: JobFailed."""
    try:
        with path.open("rb") as raw:
            yield ReadingsFile(raw, path.stat().st_size, options, quantities)
    except FileNotFoundError:
        raise JobFailed("The uploaded file is gone; upload it again.") from None
    except Problem as error:
        raise JobFailed(_words(error)) from None


def _opened(raw: BinaryIO, compression: str | None) -> BinaryIO:
    raw.seek(0)
    return open_decompressed(raw, compression, max_bytes=MAX_BYTES, max_ratio=MAX_RATIO)


def _head(file: BinaryIO) -> bytes:
    return file.read(HEAD_BYTES)


def _media_type(head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return formats.PARQUET
    if head.startswith(_ARROW):
        return formats.ARROW
    first = head.lstrip()[:1]
    if first == b"[":
        raise JobFailed("A JSON array cannot be read bit by bit: send the readings as NDJSON, an object a line.")
    return formats.NDJSON if first == b"{" else formats.CSV


def _words(error: Problem) -> str:
    if not error.errors:
        return str(error)
    fault = error.errors[0]
    return explain([part for part in fault["loc"] if part != "body"], fault["msg"])
