"""`application/json`: an array of readings."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import numpy as np
from pydantic_core import from_json

from app.core.errors import invalid_field
from app.core.strict_json import json_fault
from app.readings.columns import Chunk
from app.readings.formats.options import Options
from app.readings.formats.records import PIECE_BYTES, chunks_of_items, chunks_of_records, record_type

_CUT = b"},"


def decode(file: BinaryIO, options: Options, custom: tuple[str, ...]) -> Iterator[Chunk]:
    """The array as a whole, for its limit is that of a JSON body. Raises: Invalid, with the position of a fault."""
    body = file.read()
    decoder = msgspec.json.Decoder(list[record_type(custom)])  # type: ignore[misc]
    try:
        records = _records(decoder, body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield from _carefully(body, options)
        return
    yield from chunks_of_records(records, custom, 0, options)


def _records(decoder: "msgspec.json.Decoder[list[Any]]", body: bytes) -> list[Any]:
    """Raises: DecodeError, UnicodeDecodeError."""
    records: list[Any] = []
    for piece in _pieces(body):
        found = decoder.decode(piece)
        if records and not found:
            raise msgspec.DecodeError("a comma behind the last reading")
        records += found
    return records


def _pieces(body: bytes) -> Iterator[bytes]:
    """The same array as several, cut where a record ends: while one is decoded nobody else gets the interpreter.

    A cut that is none, in a text that holds `},`, leaves a piece that cannot be decoded: records hold no objects.
    """
    start, opening = 0, b""
    while (cut := body.find(_CUT, start + PIECE_BYTES) + 1) > 0:
        yield opening + body[start:cut] + b"]"
        start, opening = cut + 1, b"["
    yield opening + body[start:]


def _carefully(body: bytes, options: Options) -> Iterator[Chunk]:
    try:
        items = from_json(body)
    except ValueError as error:
        raise json_fault(str(error), body) from None
    if not isinstance(items, list):
        raise invalid_field(("body",), "Input should be a valid list", "list_type")
    return chunks_of_items(items, np.arange(len(items)), options)
