"""Answers as Prometheus writes them: instants in seconds, values as texts."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.compat.prometheus.vectors import Float, Labels, Scalar, Value, Vector

_encode = msgspec.json.Encoder().encode
# What Arrow writes otherwise.
_ODD = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def success(data: bytes, warnings: Sequence[str] = ()) -> bytes:
    """The answer around its data."""
    told = b',"warnings":' + _encode(warnings) if warnings else b""
    return b'{"status":"success","data":' + data + told + b"}"


def document(data: Any, warnings: Sequence[str] = ()) -> bytes:
    """An answer of plain data."""
    return success(_encode(data), warnings)


def at_one_instant(value: Value, ts: int) -> bytes:
    """A scalar, or a vector: one value of each series."""
    if isinstance(value, Scalar):
        return _result("scalar", _sample(ts, value.values))
    rows = _samples(value, [ts])
    return _result(
        "vector", _series(value.labels, "value", [row.removeprefix(b"[").removesuffix(b"]") for row in rows])
    )


def over_time(value: Value, instants: Sequence[int]) -> bytes:
    """A matrix; a scalar is a series without labels."""
    if isinstance(value, Scalar):
        value = Vector([{}], value.values[None, :], np.ones((1, len(instants)), np.bool_))
    return _result("matrix", _series(value.labels, "values", _samples(value, instants)))


def readings(labels: Sequence[Labels], ts: Sequence[Sequence[int]], values: Sequence[Float]) -> bytes:
    """A matrix of series each of which has instants of its own."""
    rows = [_row(_prefixes(each), _texts(of)) for each, of in zip(ts, values, strict=True)]
    return _result("matrix", _series(labels, "values", rows))


def _result(kind: str, result: bytes) -> bytes:
    return success(b'{"resultType":"' + kind.encode() + b'","result":' + result + b"}")


def _series(labels: Sequence[Labels], name: str, rows: Sequence[bytes]) -> bytes:
    """By their labels, in order."""
    order = sorted(range(len(labels)), key=lambda place: sorted(labels[place].items()))
    of = f'"{name}":'.encode()
    return b"[" + b",".join(b'{"metric":' + _encode(labels[i]) + b"," + of + rows[i] + b"}" for i in order) + b"]"


def _samples(vector: Vector, instants: Sequence[int]) -> list[bytes]:
    """Of each series its values, `[[1767225600,"25.3"],…]`."""
    row, step = np.nonzero(vector.present)
    joined = _joined(_prefixes(instants).take(pa.array(step)), _texts(vector.values[row, step]))
    offsets, data = _buffers(joined)
    cuts = offsets[np.searchsorted(row, np.arange(len(vector) + 1))].tolist()
    # Each value brings a comma before it.
    return [b"[" + data[begin + 1 : end] + b"]" for begin, end in pairwise(cuts)]


def _row(prefixes: pa.StringArray, texts: pa.StringArray) -> bytes:
    return b"[" + _buffers(_joined(prefixes, texts))[1][1:] + b"]"


def _sample(ts: int, values: Float) -> bytes:
    return _buffers(_joined(_prefixes([ts]), _texts(values)))[1][1:]


def _joined(prefixes: pa.StringArray, texts: pa.StringArray) -> pa.StringArray:
    return pc.binary_join_element_wise(prefixes, texts, pa.scalar('"]'), pa.scalar(""))


def _prefixes(instants: Sequence[int]) -> pa.StringArray:
    return pa.array([f',[{_seconds(ts)},"' for ts in instants], pa.string())


def _seconds(ts: int) -> str:
    whole, rest = divmod(ts, 1_000_000)
    return str(whole) if not rest else repr(ts / 1_000_000)


def _texts(values: Float) -> pa.StringArray:
    """The shortest text of each value that reads back as the same."""
    texts = pc.cast(pa.array(values), pa.string())
    if np.isfinite(values).all():
        return texts
    odd: Mapping[str, str] = _ODD
    return pa.array([odd.get(text, text) for text in texts.to_pylist()], pa.string())


def _buffers(texts: pa.StringArray) -> tuple["np.ndarray[tuple[int], np.dtype[np.int32]]", bytes]:
    """Where each begins, and all of them one behind the other."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    return offsets, bytes(memoryview(data)[: offsets[-1]]) if data is not None and len(texts) else b""
