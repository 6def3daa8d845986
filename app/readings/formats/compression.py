"""`Content-Encoding`: gzip and zstd, opened as they are read, and no further than their bounds."""

import io
from typing import BinaryIO, cast

import pyarrow as pa

from app.core.errors import TooLarge, UnsupportedMediaType, invalid_field

# Below this a bomb does no harm, and the ratio of a few bytes says nothing.
RATIO_COUNTS_FROM = 2**20
# Arrow asks for 64 KB at once, of which a bomb makes 64 MB before the ratio is looked at again.
PIECE = 4096
_CODECS = {"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}


def open_decompressed(file: BinaryIO, encoding: str | None, *, max_bytes: int, max_ratio: int) -> BinaryIO:
    """The opened body; reading it raises TooLarge past `max_bytes`, or past `max_ratio` times what was read of `file`
    so far, and Invalid where it is damaged. Raises: UnsupportedMediaType.
    """
    if encoding is None or encoding.strip().lower() in ("", "identity"):
        return file
    codec = _CODECS.get(encoding.strip().lower())
    if codec is None:
        template = "A body of this Content-Encoding is not taken; send gzip, zstd or none."
        raise UnsupportedMediaType(template)
    counted = _Counted(file)
    opened = pa.CompressedInputStream(pa.PythonFile(counted, "r"), codec)
    return cast(BinaryIO, io.BufferedReader(_Bounded(opened, counted, max_bytes, max_ratio), 2**18))


class _Counted:
    """Counts the compressed bytes that were read."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def read(self, size: int) -> bytes:
        piece = self._file.read(min(size, PIECE))
        self.count += len(piece)
        return piece

    def close(self) -> None:
        """Arrow closes what it has read; the file is its owner's."""


class _Bounded(io.RawIOBase):
    """The opened bytes, counted against the bounds."""

    def __init__(self, opened: pa.CompressedInputStream, compressed: _Counted, max_bytes: int, max_ratio: int) -> None:
        self._opened = opened
        self._compressed = compressed
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._opened.read(len(buffer))
        except OSError as error:
            raise invalid_field(
                ("body",), f"The compressed body is damaged: {error}", "damaged_body", reason=str(error)
            ) from None
        self._count += len(piece)
        if self._count > self._max_bytes:
            raise TooLarge("The opened body is larger than {limit} bytes.", limit=self._max_bytes)
        if self._count > RATIO_COUNTS_FROM and self._count > self._max_ratio * self._compressed.count:
            raise TooLarge("The body opens to more than {limit} times its size.", limit=self._max_ratio)
        buffer[: len(piece)] = piece
        return len(piece)
