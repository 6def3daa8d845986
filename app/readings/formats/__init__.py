"""Bodies of `POST /data`: bytes in, columns out, one module a format.

Every decoder gives chunks of bounded size, so that memory stays flat whatever the body's size. A bad reading is a fault
of its own; what is no body of its type at all raises Invalid.
"""

from collections.abc import Callable, Collection, Iterator
from typing import BinaryIO

from app.core.errors import UnsupportedMediaType
from app.readings.columns import Chunk
from app.readings.formats import arrow, json_array, ndjson, parquet, text_csv
from app.readings.formats.one import is_array, parse_one
from app.readings.formats.options import Options

__all__ = ["ARROW", "CSV", "JSON", "NDJSON", "PARQUET", "Options", "decode", "is_array", "parse_one"]

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
Decoder = Callable[[BinaryIO, Options, tuple[str, ...]], Iterator[Chunk]]
DECODERS: dict[str, Decoder] = {
    JSON: json_array.decode,
    NDJSON: ndjson.decode,
    CSV: text_csv.decode,
    ARROW: arrow.decode,
    PARQUET: parquet.decode,
}


def decode(file: BinaryIO, media_type: str, options: Options, quantities: Collection[str]) -> Iterator[Chunk]:
    """The readings of a body; `quantities` are the names known in the workspace, which decode fastest.

    Raises: UnsupportedMediaType, Invalid.
    """
    decoder = DECODERS.get(media_type)
    if decoder is None:
        template = "A body of this Content-Type is not taken; send one of: {known}."
        raise UnsupportedMediaType(template, known=", ".join(DECODERS))
    return decoder(file, options, tuple(sorted(quantities)))
