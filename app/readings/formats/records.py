"""Readings as JSON objects, many at a time: fast for those that are as they should be, carefully for the others."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from app.core.clock import format_instant
from app.core.errors import FieldError
from app.readings.columns import Chunk, Int
from app.readings.formats.assembling import MAX_ROWS, Faults, Names, assemble
from app.readings.formats.options import Options
from app.readings.quantities import BOUNDS, CUSTOM_BOUNDS, NAMES
from app.readings.schemas import ReadingIn

_ONE = TypeAdapter(ReadingIn)
# Decoded in half a millisecond, in which nobody else gets the interpreter.
PIECE_BYTES = 64 * 1024


# One for each set of custom quantities: a workspace's changes a few times in its life.
@lru_cache(maxsize=256)
def record_type(custom: tuple[str, ...]) -> type[msgspec.Struct]:
    """The shape of a reading with these custom quantities; what does not fit it is looked at carefully."""
    fields: list[Any] = [("server_ulid", str | None, None), ("timestamp", str | None, None)]
    for name in (*NAMES, *custom):
        lowest, highest = BOUNDS.get(name, CUSTOM_BOUNDS)
        fields.append((name, Annotated[float, msgspec.Meta(ge=lowest, le=highest)] | None, None))
    return msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)


def chunks_of_records(records: Sequence[Any], custom: tuple[str, ...], first: int, options: Options) -> Iterator[Chunk]:
    """Records as chunks; `first` is the position of the first one in the request."""
    for start in range(0, len(records), MAX_ROWS):
        part = records[start : start + MAX_ROWS]
        columns = {name: pa.array(list(map(attrgetter(name), part)), pa.float64()) for name in (*NAMES, *custom)}
        yield assemble(
            pa.array(list(map(attrgetter("server_ulid"), part)), pa.string()),
            pa.array(list(map(attrgetter("timestamp"), part)), pa.string()),
            {name: column for name, column in columns.items() if column.null_count < len(part)},
            np.arange(first + start, first + start + len(part)),
            options,
        )


def chunks_of_items(
    items: Sequence[Any], index: Int, options: Options, faults: Faults | None = None
) -> Iterator[Chunk]:
    """Parsed JSON values as chunks, each looked at by itself; `faults` are known already, by place in `items`."""
    for start in range(0, len(items), MAX_ROWS):
        rows = range(start, min(start + MAX_ROWS, len(items)))
        bad = {row - start: faults[row] for row in rows if faults and row in faults}
        known = Names()
        good = [None if row - start in bad else _read(items[row], row - start, bad, options, known) for row in rows]
        names = dict.fromkeys(name for reading in good if reading for name in reading.values)
        yield assemble(
            pa.array([reading and reading.server_ulid for reading in good], pa.string()),
            pa.array(
                [reading and reading.timestamp and format_instant(reading.timestamp) for reading in good], pa.string()
            ),
            {
                name: pa.array([reading and reading.values.get(name) for reading in good], pa.float64())
                for name in names
            },
            index[start : start + len(good)],
            options,
            bad,
        )


def _read(item: Any, row: int, bad: Faults, options: Options, known: Names) -> Any:
    """The reading, or None and a fault."""
    if options.server_ulid is not None and isinstance(item, dict):
        item = {"server_ulid": options.server_ulid, **item}
    try:
        reading = _ONE.validate_python(item)
    except ValidationError as error:
        bad[row] = _fault(error)
        return None
    if refused := known.refuse(reading.values):
        bad[row] = refused
        return None
    return reading


def _fault(error: ValidationError) -> FieldError:
    fault = error.errors(include_url=False, include_input=False)[0]
    return {"loc": list(fault["loc"]), "msg": fault["msg"], "type": fault["type"], "ctx": fault.get("ctx", {})}
