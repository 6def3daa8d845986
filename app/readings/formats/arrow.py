"""`application/vnd.apache.arrow.stream`: record batches, as pyarrow, polars and others write them."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from app.core.errors import Problem, invalid_field
from app.core.text import first_line
from app.readings.columns import Chunk
from app.readings.formats.assembling import slices
from app.readings.formats.options import Options
from app.readings.formats.tables import Layout, layout


def decode(file: BinaryIO, options: Options, _: tuple[str, ...]) -> Iterator[Chunk]:
    """The batches of a stream. Raises: Invalid."""
    try:
        with pa.ipc.open_stream(file) as reader:
            yield from chunks(reader, reader.schema, options)
    except Problem:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable("an Arrow stream", error) from None


def chunks(batches: Iterator[pa.RecordBatch], schema: pa.Schema, options: Options) -> Iterator[Chunk]:
    """Chunks of record batches that somebody else made: each is validated before it is touched."""
    found = layout(schema.names, options)
    _check_types(schema, found)
    first = 0
    for batch in batches:
        # Offsets that point outside their buffers would be read as they are.
        batch.validate(full=True)
        for part in slices(_as_floats(batch, found)):
            yield found.chunk(part, np.arange(first, first + part.num_rows), options)
            first += part.num_rows


def unreadable(kind: str, error: Exception) -> Problem:
    """A body that is not of its type."""
    reason = first_line(error)[:200]
    return invalid_field(("body",), f"The body is not {kind}: {reason}", "unreadable_body", what=kind, reason=reason)


def _check_types(schema: pa.Schema, found: Layout) -> None:
    for name, column in found.values.items():
        kind = schema.field(column).type
        if not (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_null(kind)
        ):
            raise invalid_field(("body", column), f"The column of {name} must hold numbers", "number_column", name=name)


def _as_floats(batch: pa.RecordBatch, found: Layout) -> pa.RecordBatch:
    """The columns that count, the values as float64."""
    names = [name for name in (found.server, found.timestamp) if name]
    arrays = [batch.column(name) for name in names]
    arrays += [batch.column(column).cast(pa.float64(), safe=False) for column in found.values.values()]
    return pa.record_batch(arrays, names=[*names, *found.values.values()])
