"""Arrow streams and Parquet files, as columns of float64."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.readings.engine.question import Float, Piece
from app.readings.writers.shapes import Shape

_INSTANT = pa.timestamp("us", tz="UTC")


class _Sink(io.RawIOBase):
    """A file that only grows; what was written since is taken off."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class _TableWriter:
    label_type = pa.string()

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        fields = [pa.field("timestamp", _INSTANT, nullable=False)]
        if shape.label_key:
            fields.append(pa.field(shape.label_key, self.label_type))
        fields += [pa.field(name, pa.float64()) for name in shape.columns]
        self._schema = pa.schema(fields)
        self._labels = pa.array(shape.labels, pa.string())
        self._sink = _Sink()
        self._out = self._open()

    def write(self, piece: Piece) -> bytes:
        self._out.write_batch(self._batch(piece))
        return self._sink.take()

    def end(self) -> bytes:
        self._out.close()
        return self._sink.take()

    def _open(self) -> Any:
        raise AssertionError(self._schema)

    def _batch(self, piece: Piece) -> pa.RecordBatch:
        columns = [pa.array(piece.ts, _INSTANT)]
        if self._shape.label_key:
            columns.append(self._label(piece))
        columns += [pa.array(values, mask=np.isnan(values)) for values in self._columns(piece)]
        return pa.record_batch(columns, schema=self._schema)

    def _columns(self, piece: Piece) -> list[Float]:
        return [piece.values[name] for name in self._shape.columns]

    def _label(self, piece: Piece) -> pa.Array:
        return self._labels.take(pa.array(piece.label))


class ArrowWriter(_TableWriter):
    """An IPC stream, a record batch a piece; the label is dictionary-encoded."""

    label_type = pa.dictionary(pa.int32(), pa.string())

    def _open(self) -> Any:
        return pa.ipc.new_stream(self._sink, self._schema)

    def _label(self, piece: Piece) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(piece.label, pa.int32()), self._labels)


class ParquetWriter(_TableWriter):
    """A file, a row group a piece."""

    def _open(self) -> Any:
        return pq.ParquetWriter(self._sink, self._schema, compression="zstd")
