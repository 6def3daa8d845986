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
from app.readings.formats.assembling import MAX_ROWS, Faults, slices
from app.readings.formats.options import Options
from app.readings.formats.tables import Layout, layout
from app.readings.schemas import Fault

BLOCK_BYTES = 2**20
MAX_HEADER_BYTES = 64 * 1024
# Rows of a wrong width one behind the other, some 200 bytes each: Arrow goes on to the first row that fits. A file
# that has none in so many has another header than its rows.
MAX_RAGGED = 200_000
DELIMITERS = ",;\t"
# What both Arrow and JSON call a number, and the words for numbers that are none.
_NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:nan|inf|infinity))$"
_RAGGED = "The row has {have} cells, the header {want}"


class _Rows:
    """Counts the rows that Arrow leaves out because they have too many or too few cells."""

    def __init__(self) -> None:
        self._next = 0
        self._ragged: dict[int, tuple[int, int]] = {}
        """How many cells such a row has, and how many the header."""

    def leave_out(self, row: pc_csv.InvalidRow) -> str:
        if len(self._ragged) >= MAX_RAGGED:
            return "error"
        # Arrow counts from 1, the header included.
        self._ragged[row.number - 2] = (row.actual_columns, row.expected_columns)
        return "skip"

    def number(self, count: int) -> Int:
        """Positions of the next so many rows, at least one, that Arrow gave."""
        candidates = np.arange(self._next, self._next + count + len(self._ragged))
        positions = candidates[~np.isin(candidates, list(self._ragged))][:count]
        self._next = int(positions[-1]) + 1
        return positions

    def left_out(self) -> Iterator[Chunk]:
        """The rows left out before the last one that Arrow gave, each once, as chunks of faults alone."""
        done = sorted(row for row in self._ragged if row < self._next)
        for start in range(0, len(done), MAX_ROWS):
            rows = done[start : start + MAX_ROWS]
            yield Chunk(_NOTHING, [Fault(row, _ragged(*self._ragged.pop(row))) for row in rows])

    def left_out_next(self) -> Iterator[Chunk]:
        """Likewise, those directly behind it."""
        while self._next in self._ragged:
            self._next += 1
        yield from self.left_out()


_NOTHING = Columns((), np.empty(0, np.int64), np.empty(0, np.int64), {}, np.empty(0, np.int64))


def _ragged(have: int, want: int) -> FieldError:
    ctx = {"have": have, "want": want}
    return {"loc": [], "msg": _RAGGED.format(**ctx), "type": "ragged_row", "ctx": ctx}


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
                index = rows.number(part.num_rows)
                # Chunks end in the order of their last rows: an import that goes on knows by that what it has done.
                yield from rows.left_out()
                yield _chunk(part, found, index, delimiter, options)
            yield from rows.left_out_next()
        yield from rows.left_out_next()


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


def _chunk(table: pa.RecordBatch, found: Layout, index: Int, delimiter: str, options: Options) -> Chunk:
    faults: Faults = {}
    names = list(table.schema.names)
    columns = {name: _trimmed(table.column(name)) for name in names}
    for name, column in found.values.items():
        columns[column] = _numbers(columns[column], name, delimiter, faults)
    return found.chunk(pa.record_batch(list(columns.values()), names=names), index, options, faults)


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
