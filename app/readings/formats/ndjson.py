"""`application/x-ndjson`: a reading a line."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import numpy as np
from pydantic_core import from_json

from app.core.errors import invalid_field
from app.readings.columns import Chunk
from app.readings.formats.assembling import Faults
from app.readings.formats.options import Options
from app.readings.formats.records import PIECE_BYTES, chunks_of_items, chunks_of_records, record_type

# Some 10,000 readings at a time.
BLOCK_BYTES = 2 * 2**20
MAX_LINE_BYTES = 2**20


def decode(file: BinaryIO, options: Options, custom: tuple[str, ...]) -> Iterator[Chunk]:
    """The lines, block by block. A line that is no reading is a fault of its own; blank lines are passed over.

    Raises: Invalid for a line of more than MAX_LINE_BYTES.
    """
    decoder = msgspec.json.Decoder(record_type(custom))
    first = 0
    for block in _blocks(file):
        count = block.count(b"\n")
        try:
            records: list[Any] = []
            for lines in _pieces(block):
                records += decoder.decode_lines(lines)
        except (msgspec.DecodeError, UnicodeDecodeError):
            records = []
        if len(records) == count:
            yield from chunks_of_records(records, custom, first, options)
        else:
            yield from _carefully(block, first, options)
        first += count


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines, each with its line break."""
    rest = b""
    while piece := file.read(BLOCK_BYTES):
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
        rest = rest[end:]
        if len(rest) > MAX_LINE_BYTES:
            raise invalid_field(
                ("body",), f"A line is longer than {MAX_LINE_BYTES} bytes", "line_too_long", limit=MAX_LINE_BYTES
            )
    if rest.strip():
        yield rest + b"\n"


def _pieces(block: bytes) -> Iterator[bytes]:
    """The same lines, a few hundred at a time: while they are decoded nobody else gets the interpreter."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start + PIECE_BYTES) + 1 or len(block)
        yield block[start:end]
        start = end


def _carefully(block: bytes, first: int, options: Options) -> Iterator[Chunk]:
    """Piece by piece: a fault takes a thousand times the memory of the shortest line."""
    for lines in _pieces(block):
        yield from _each_carefully(lines, first, options)
        first += lines.count(b"\n")


def _each_carefully(lines: bytes, first: int, options: Options) -> Iterator[Chunk]:
    items: list[Any] = []
    positions: list[int] = []
    faults: Faults = {}
    for number, line in enumerate(lines.split(b"\n")[:-1]):
        if not line.strip():
            continue
        try:
            items.append(from_json(line))
        except ValueError as error:
            faults[len(items)] = {
                "loc": [], "msg": f"Invalid JSON: {error}", "type": "json_invalid", "ctx": {"error": str(error)},
            }  # fmt: skip
            items.append(None)
        positions.append(first + number)
    return chunks_of_items(items, np.array(positions, np.int64), options, faults)
