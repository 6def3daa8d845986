"""`application/vnd.apache.parquet`."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.errors import Problem, UnsupportedMediaType
from app.readings.columns import Chunk
from app.readings.formats.arrow import chunks, unreadable
from app.readings.formats.assembling import MAX_ROWS
from app.readings.formats.options import Options


def decode(file: BinaryIO, options: Options, _: tuple[str, ...]) -> Iterator[Chunk]:
    """The rows of a file, some at a time; `file` is seekable. Raises: Invalid."""
    if not file.seekable():
        raise UnsupportedMediaType("Parquet is compressed inside: send it without Content-Encoding.")
    try:
        with pq.ParquetFile(file, arrow_extensions_enabled=False) as parquet:
            yield from chunks(parquet.iter_batches(MAX_ROWS, use_threads=False), parquet.schema_arrow, options)
    except Problem:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable("a Parquet file", error) from None
