"""A body of line protocol as chunks of readings, a bounded number of lines at a time."""

from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from app.compat.lines import BadLine, Point, parse
from app.compat.mapping import SERVER_TAGS, Mapping
from app.core.errors import FieldError, invalid_field
from app.readings.columns import Chunk
from app.readings.formats.assembling import MAX_ROWS, Faults, Names, assemble
from app.readings.formats.options import Options

# Microseconds: multiplied by the first, divided by the second.
UNITS = {
    "ns": (1, 1000), "n": (1, 1000), "us": (1, 1), "u": (1, 1), "ms": (1000, 1), "s": (1_000_000, 1),
    "m": (60_000_000, 1), "h": (3_600_000_000, 1),
}  # fmt: skip
"""Of instants, by their names in InfluxDB 1 and 2."""
MAX_LINE_BYTES = 64 * 1024
# Letters of the lines of a chunk: ten times what 16,384 points of a few fields have.
BLOCK_LETTERS = 16 * 2**20
_INSTANT = pa.timestamp("us", tz="UTC")
# Arrow holds no larger ones; what is outside the years 1 to 9999 is refused behind it.
_FARTHEST = 2**63 - 1


def decode(file: BinaryIO, precision: str, mapping: Mapping, server: str | None) -> Iterator[Chunk]:
    """The points; instants finer than a microsecond are cut off there. `server` is that of points that name none.

    Servers stand in the chunks as the points name them. A bad line is a fault of its own; its index is its line's, from
    0. Raises: Invalid for a line of more than MAX_LINE_BYTES, or one that is no UTF-8.
    """
    for block in _blocks(file):
        yield _chunk(block, precision, mapping, server)


def _blocks(file: BinaryIO) -> Iterator[list[tuple[int, str]]]:
    """Lines that are points, each with its number."""
    block: list[tuple[int, str]] = []
    letters = 0
    for number, line in enumerate(_lines(file)):
        if line and not line.startswith("#"):
            block.append((number, line))
            letters += len(line)
        if len(block) == MAX_ROWS or letters > BLOCK_LETTERS:
            yield block
            block, letters = [], 0
    if block:
        yield block


def _lines(file: BinaryIO) -> Iterator[str]:
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            msg = f"A line is longer than {MAX_LINE_BYTES} bytes"
            raise invalid_field(("body",), msg, "line_too_long", limit=MAX_LINE_BYTES)
        try:
            yield line.decode().strip()
        except UnicodeDecodeError:
            raise invalid_field(("body",), "The body must be UTF-8", "unicode") from None


def _chunk(lines: list[tuple[int, str]], precision: str, mapping: Mapping, server: str | None) -> Chunk:
    servers: list[str | None] = [None] * len(lines)
    instants: list[int | None] = [None] * len(lines)
    values: defaultdict[str, list[float | None]] = defaultdict(lambda: [None] * len(lines))
    faults: Faults = {}
    known = Names()
    for row, (_, line) in enumerate(lines):
        try:
            point = parse(line)
            instants[row] = microseconds(point, precision)
            servers[row] = mapping.server(point.head) or server or _nameless(mapping)
        except BadLine as error:
            faults[row] = _fault(str(error))
            continue
        named = {mapping.quantity(point.head, name): value for name, value in point.fields.items()}
        if refused := known.refuse(named):
            faults[row] = refused
            continue
        for name, value in named.items():
            values[name][row] = value
    columns = {name: pa.array(column, pa.float64()) for name, column in values.items()}
    index = np.array([number for number, _ in lines], np.int64)
    return assemble(pa.array(servers, pa.string()), pa.array(instants, _INSTANT), columns, index, Options(), faults)


def microseconds(point: Point, precision: str) -> int | None:
    """A point's instant since 1970; None: the arrival's. Raises: BadLine."""
    if point.instant is None:
        return None
    times, by = UNITS[precision]
    whole = point.instant * times // by
    if abs(whole) > _FARTHEST:
        raise BadLine("The timestamp is out of range; is the precision right?")
    return whole


def _nameless(mapping: Mapping) -> str:
    tags = mapping.server_tag or ", ".join(SERVER_TAGS)
    raise BadLine(f"No tag names the server: {tags}")


def _fault(message: str) -> FieldError:
    return {"loc": [], "msg": message, "type": "line_protocol"}
