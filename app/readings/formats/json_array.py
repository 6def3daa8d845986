"""`application/json`: an array of readings."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import numpy as np
from pydantic_core import from_json

from app.core.errors import invalid_field
from app.core.strict_json import json_fault
from app.readings.columns import Chunk
from app.readings.formats.options import Options
from app.readings.formats.records import chunks_of_items, chunks_of_records, record_type


def decode(file: BinaryIO, options: Options, custom: tuple[str, ...]) -> Iterator[Chunk]:
    """The array as a whole, for its limit is that of a JSON body. Raises: Invalid, with the position of a fault."""
    body = file.read()
    try:
        records = msgspec.json.decode(body, type=list[record_type(custom)])  # type: ignore[misc]
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield from _carefully(body, options)
        return
    yield from chunks_of_records(records, custom, 0, options)


def _carefully(body: bytes, options: Options) -> Iterator[Chunk]:
    try:
        items = from_json(body)
    except ValueError as error:
        raise json_fault(str(error), body) from None
    if not isinstance(items, list):
        raise invalid_field(("body",), "Input should be a valid list", "list_type")
    return chunks_of_items(items, np.arange(len(items)), options)
