"""JSON, NDJSON and CSV, written by Arrow's kernels a column at a time, which need no Python object a value."""

import csv
import io
from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.readings.engine.question import Float, Piece
from app.readings.writers import instants
from app.readings.writers.shapes import Shape, rounded

_encode = msgspec.json.Encoder().encode


class NdjsonWriter:
    """A document a line; absent values are left out, or null where rows of nothing were asked for."""

    end_of_row = "}\n"

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        key = _json(shape.label_key) if shape.label_key else ""
        self._labels = pa.array(
            ["" if label is None else f",{key}:{_json(label)}" for label in shape.labels], pa.string()
        )

    def write(self, piece: Piece) -> bytes:
        fields = [pa.scalar('{"timestamp":"'), instants.texts(piece.ts), pa.scalar('"')]
        if self._shape.label_key:
            fields.append(self._labels.take(pa.array(piece.label)))
        for name in self._shape.columns:
            fields += self._field(f",{_json(name)}:", _numbers(self._shape, piece.values[name]))
        return _bytes(pc.binary_join_element_wise(*fields, pa.scalar(self.end_of_row), pa.scalar("")))

    def end(self) -> bytes:
        return b""

    def _field(self, key: str, numbers: pa.StringArray) -> list[pa.Array | pa.Scalar]:
        if not numbers.null_count:
            return [pa.scalar(key), numbers]
        written = pc.binary_join_element_wise(pa.scalar(key), numbers, pa.scalar(""))
        return [pc.fill_null(written, f"{key}null" if self._shape.nulls else "")]


class JsonWriter(NdjsonWriter):
    """One array."""

    end_of_row = "},"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self._begun = False

    def write(self, piece: Piece) -> bytes:
        begin, self._begun = b"," if self._begun else b"[", True
        return begin + super().write(piece)[:-1]

    def end(self) -> bytes:
        return b"]" if self._begun else b"[]"


class CsvWriter:
    """A header, then a line a row; absent values are empty."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        names = ["timestamp", *([shape.label_key] if shape.label_key else []), *shape.columns]
        self._header = _csv(names).encode()
        self._labels = pa.array(["" if label is None else _csv([label]) for label in shape.labels], pa.string())

    def write(self, piece: Piece) -> bytes:
        header, self._header = self._header, b""
        # A line begins with its end of line, which spares a pass over all of them.
        fields = [instants.texts(piece.ts, before="\n")]
        if self._shape.label_key:
            fields.append(self._labels.take(pa.array(piece.label)))
        fields += [_numbers(self._shape, piece.values[name]) for name in self._shape.columns]
        rows = pc.binary_join_element_wise(*fields, pa.scalar(","), null_handling="replace", null_replacement="")
        return header + _bytes(rows)

    def end(self) -> bytes:
        return self._header + b"\n"


def _numbers(shape: Shape, values: Float) -> pa.StringArray:
    """The shortest text of each value that reads back as the same; null for absent."""
    values = rounded(values) if shape.computed else values
    return pc.cast(pa.array(values, mask=np.isnan(values)), pa.string())


def _bytes(texts: pa.StringArray) -> bytes:
    """All of them, one behind the other, as they lie in memory."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    return bytes(memoryview(data)[offsets[0] : offsets[-1]]) if data is not None and len(texts) else b""


def _json(text: str) -> str:
    return _encode(text).decode()


def _csv(fields: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
