"""`text/csv`: a header, then a reading a row; comma, semicolon or tab."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv

from app.core.errors import FieldError, Problem, invalid_field
from app.readings.columns import Chunk, Columns, Int
from app.readings.formats.arrow import unreadable
from app.readings.formats.assembling import Faults, slices
from app.readings.formats.options import Options
from app.readings.formats.tables import Layout, layout
from app.readings.schemas import Fault

BLOCK_BYTES = 2**20
MAX_HEADER_BYTES = 64 * 1024
DELIMITERS = ",;\t"
# What both Arrow and JSON call a number, and the words for numbers that are none.
_NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:nan|inf|infinity))$"
_RAGGED = "The row has {have} cells, the header {want}"


class _Rows:
    """Counts the rows that Arrow leaves out because they have too many or too few cells."""

    def __init__(self) -> None:
        self._next = 0
        self._ragged: dict[int, FieldError] = {}

    def leave_out(self, row: pc_csv.InvalidRow) -> str:
        ctx = {"have": row.actual_columns, "want": row.expected_columns}
        # Arrow counts from 1, the header included.
        self._ragged[row.number - 2] = {"loc": [], "msg": _RAGGED.format(**ctx), "type": "ragged_row", "ctx": ctx}
        return "skip"

    def number(self, count: int) -> Int:
        """Positions of the next so many rows that Arrow gave."""
        candidates = np.arange(self._next, self._next + count + len(self._ragged))
        positions = candidates[~np.isin(candidates, list(self._ragged))][:count]
        self._next = int(positions[-1]) + 1 if count else self._next
        return positions

    def take_faults(self, *, everything: bool = False) -> list[Fault]:
        """The rows left out so far, each once."""
        done = [row for row in self._ragged if everything or row < self._next]
        return [Fault(row, self._ragged.pop(row)) for row in sorted(done)]


def decode(file: BinaryIO, options: Options, _: tuple[str, ...]) -> Iterator[Chunk]:
    """The rows, block by block. Raises: Invalid."""
    rows = _Rows()
    try:
        header = _header(file)
        yield from _chunks(_Rejoined(header.encode(), file), header, rows, options)
    except Problem:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable("CSV in UTF-8", error) from None
    if left := rows.take_faults(everything=True):
        yield Chunk(Columns((), np.empty(0, np.int64), np.empty(0, np.int64), {}, np.empty(0, np.int64)), left)


class _Rejoined:
    """The file from its beginning, whose header was read already.

    It must be UTF-8 throughout: Arrow asks that of cells, and would lose count of a row with too many of them.
    """

    closed = False

    def __init__(self, header: bytes, rest: BinaryIO) -> None:
        self._header = header
        self._rest = rest
        self._utf_8 = codecs.getincrementaldecoder("utf-8")()

    def read(self, size: int) -> bytes:
        header, self._header = self._header, b""
        piece = header + self._rest.read(size - len(header))
        self._utf_8.decode(piece, final=not piece)
        return piece

    def readable(self) -> bool:
        return True


def _header(file: BinaryIO) -> str:
    line = file.readline(MAX_HEADER_BYTES)
    if not line.strip():
        raise invalid_field(("body",), "The body is empty: its first line must name the columns", "no_header")
    if len(line) == MAX_HEADER_BYTES:
        raise invalid_field(
            ("body",), f"The header is longer than {MAX_HEADER_BYTES} bytes", "header_too_long", limit=MAX_HEADER_BYTES
        )
    # A header alone, without a line break, is no CSV to Arrow.
    return line.decode("utf-8").rstrip("\r\n") + "\n"


def _chunks(source: _Rejoined, header: str, rows: _Rows, options: Options) -> Iterator[Chunk]:
    delimiter = max(DELIMITERS, key=header.count)
    with _open(source, header, delimiter, rows) as reader:
        found = layout(reader.schema.names, options)
        for batch in reader:
            for part in slices(batch):
                yield _chunk(part, found, rows, delimiter, options)


def _open(source: _Rejoined, header: str, delimiter: str, rows: _Rows) -> pc_csv.CSVStreamingReader:
    names = header.removeprefix("\ufeff").rstrip("\n").split(delimiter)
    texts = {name.strip('"'): pa.string() for name in names}
    return pc_csv.open_csv(
        source,
        # One thread, or the rows left out would have no number.
        pc_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
        pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=rows.leave_out),
        pc_csv.ConvertOptions(column_types=texts, strings_can_be_null=True, null_values=[""]),
    )


def _chunk(table: pa.RecordBatch, found: Layout, rows: _Rows, delimiter: str, options: Options) -> Chunk:
    index = rows.number(table.num_rows)
    faults: Faults = {}
    names = list(table.schema.names)
    columns = {name: _trimmed(table.column(name)) for name in names}
    for name, column in found.values.items():
        columns[column] = _numbers(columns[column], name, delimiter, faults)
    chunk = found.chunk(pa.record_batch(list(columns.values()), names=names), index, options, faults)
    return Chunk(chunk.columns, sorted([*chunk.faults, *rows.take_faults()], key=lambda fault: fault.index))


def _trimmed(column: pa.Array) -> pa.Array:
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(text, ""), None, text)


def _numbers(column: pa.Array, name: str, delimiter: str, faults: Faults) -> pa.Array:
    if delimiter == ";":
        column = pc.replace_substring(column, ",", ".")
    wrong = ~pc.match_substring_regex(column, _NUMBER).fill_null(True).to_numpy(zero_copy_only=False).astype(np.bool_)
    if wrong.any():
        fault: FieldError = {"loc": [name], "msg": "Input should be a valid number", "type": "float_type"}
        faults.update({row: faults.get(row, fault) for row in np.flatnonzero(wrong).tolist()})
        column = pc.if_else(pa.array(wrong), None, column)
    return column.cast(pa.float64())
