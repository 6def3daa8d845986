"""Open one bomb of each kind and print by how many bytes the process grew: run as a module, alone in its process."""

import io
import os
import resource

import pyarrow as pa

from app.core.errors import TooLarge
from app.readings import formats
from app.readings.formats.compression import open_decompressed
from app.readings.intake import MAX_EXPANSION

BOMB = 2**28
"""Bytes a bomb opens to; a decoder that held it whole would hold a multiple of that."""
KINDS = [
    ("application/json", b"[", b"0,"),
    ("application/x-ndjson", b"", b'{"server_ulid": "s", "voltage": 1}\n'),
    ("application/x-ndjson", b"", b"\n"),
    ("text/csv", b"server_ulid,voltage\n", b"s,1.00000\n"),
    ("text/csv", b"server_ulid,voltage\n", b"\n"),
]


def bomb(start: bytes, filler: bytes, encoding: str) -> bytes:
    """`start`, then `filler` up to BOMB bytes."""
    out = pa.BufferOutputStream()
    piece = filler * (2**20 // len(filler))
    with pa.CompressedOutputStream(out, encoding) as stream:
        stream.write(start)
        for _ in range(BOMB // len(piece)):
            stream.write(piece)
    packed: bytes = out.getvalue().to_pybytes()
    assert len(packed) * 300 < BOMB
    return packed


def is_refused(packed: bytes, encoding: str, media_type: str) -> bool:
    file = open_decompressed(io.BytesIO(packed), encoding, max_bytes=2 * BOMB, max_ratio=MAX_EXPANSION)
    try:
        for _ in formats.decode(file, media_type, formats.Options(), ()):
            pass
    except TooLarge:
        return True
    return False


def peak() -> int:
    """The most memory this process ever had, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    bombs = [(bomb(*fill, encoding), encoding, kind) for kind, *fill in KINDS for encoding in ("gzip", "zstd")]
    before = peak()
    assert all(is_refused(*each) for each in bombs)
    print(peak() - before, flush=True)
    # Arrow's reader of CSV may still let go of the file, on a thread of its own that Python's end would abort.
    os._exit(0)


if __name__ == "__main__":
    main()
