"""Instants as text, a column at a time: `2026-01-31T12:00:00Z`, with a fraction only where there is one."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

DAY = 86_400_000_000
_WIDTH, _WHOLE = 27, 19


def texts(ts: Int, before: str = "") -> pa.StringArray:
    """Microseconds since 1970 (n,) as ISO 8601 in UTC, behind this one character or none."""
    table = np.empty((len(ts), len(before) + _WIDTH), np.uint8)
    table[:, : len(before)] = ord(before or " ")
    has_fraction = _write(ts, table[:, len(before) :])
    return _strings(table, len(before) + np.where(has_fraction, _WIDTH, _WHOLE + 1))


def _write(ts: Int, table: Bytes) -> npt.NDArray[np.bool_]:
    days, rest = np.divmod(ts, DAY)
    each, position = np.unique(days, return_inverse=True)
    table[:, :10] = _dates(each)[position]
    seconds, fraction = np.divmod(rest, 1_000_000)
    table[:, 10:_WHOLE] = _clock()[seconds]
    has_fraction: npt.NDArray[np.bool_] = fraction > 0
    thousands, ones = np.divmod(fraction, 1000)
    table[:, _WHOLE] = ord(".")
    table[:, 20:23], table[:, 23:26] = _digits()[thousands], _digits()[ones]
    table[:, 26] = ord("Z")
    table[~has_fraction, _WHOLE] = ord("Z")
    return has_fraction


def _strings(table: Bytes, lengths: Int) -> pa.StringArray:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    text = table[np.arange(table.shape[1]) < lengths[:, None]] if (lengths != table.shape[1]).any() else table
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def _dates(days: Int) -> Bytes:
    written = np.datetime_as_string(days.astype("datetime64[D]"))
    return np.array(written, "S10").view(np.uint8).reshape(len(days), 10)


@lru_cache(1)
def _clock() -> Bytes:
    """`T12:00:00` of every second of a day: 0.8 MB."""
    seconds = np.arange(86_400)
    table = np.empty((86_400, 9), np.uint8)
    table[:, 0], table[:, 3], table[:, 6] = ord("T"), ord(":"), ord(":")
    for column, part in ((1, seconds // 3600), (4, seconds // 60 % 60), (7, seconds % 60)):
        table[:, column], table[:, column + 1] = part // 10 + ord("0"), part % 10 + ord("0")
    return table


@lru_cache(1)
def _digits() -> Bytes:
    """`000` to `999`."""
    numbers = np.arange(1000)
    return (np.stack([numbers // 100, numbers // 10 % 10, numbers % 10], axis=1) + ord("0")).astype(np.uint8)
