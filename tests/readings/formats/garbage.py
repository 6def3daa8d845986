"""Decode bodies that hold nothing but faults and print by how many bytes the process grew: run as a module, alone."""

import io
import os
from collections.abc import Callable, Iterator

from app.compat import points
from app.compat.mapping import Mapping
from app.core.errors import Invalid
from app.readings import formats
from app.readings.columns import Chunk
from app.readings.formats.assembling import MAX_ROWS
from tests.readings.formats.bombs import peak


def of(media_type: str, body: bytes) -> Iterator[Chunk]:
    return formats.decode(io.BytesIO(body), media_type, formats.Options(server_ulid="s"), ())


def of_points(body: bytes) -> Iterator[Chunk]:
    return points.decode(io.BytesIO(body), "ns", Mapping(), "s")


GARBAGE: list[Callable[[], Iterator[Chunk]]] = [
    # The shortest lines that are wrong: a fault takes hundreds of bytes for the two of each.
    lambda: of("application/x-ndjson", b"x\n" * 2**17),
    lambda: of("text/csv", b"voltage,current\n" + b"1\n" * 2**18),
    # A quantity of its own in each reading: a column of the chunk for every one of them.
    lambda: of("application/x-ndjson", b"".join(b'{"q%d": 1}\n' % n for n in range(MAX_ROWS))),
    lambda: of_points(b"".join(b"q%d value=1\n" % n for n in range(MAX_ROWS))),
]


def main() -> None:
    before = peak()
    for decoded in GARBAGE:
        try:
            for _ in decoded():
                pass
        except Invalid:
            continue
    print(peak() - before, flush=True)
    # As in bombs.py.
    os._exit(0)


if __name__ == "__main__":
    main()
