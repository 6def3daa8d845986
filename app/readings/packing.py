"""Readings as rows of PostgreSQL's binary COPY, in the columns of `queries.COLUMNS`.

A row is a count of fields, then for each field its length and its bytes, big-endian; length -1 is null. Instants are
microseconds since 2000 (PostgreSQL's documentation of COPY).
"""

import struct
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter

import msgspec
import numpy as np
import numpy.typing as npt

from app.readings.quantities import NAMES
from app.readings.rows import Float, Int, Reading, Rows

EPOCH = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""
FIELDS = 2 + len(NAMES) + 1
_HEAD = ">hiiiq"
_NULL = struct.pack(">i", -1)
# Version 1 of jsonb's binary form is the text itself.
_JSONB_VERSION = b"\x01"

_NAMES = frozenset(NAMES)
_known = itemgetter(*NAMES)
# Most readings have every known quantity and no other.
_WHOLE = struct.Struct(_HEAD + "id" * len(NAMES) + "i")

_encode = msgspec.json.Encoder().encode


def pack_reading(reading: Reading) -> bytes:
    """One row."""
    server_id, ts, values = reading
    if len(values) == len(NAMES) and values.keys() == _NAMES:
        lengths_and_values = (field for value in _known(values) for field in (8, value))
        packed: bytes = _WHOLE.pack(FIELDS, 4, server_id, 8, ts - EPOCH, *lengths_and_values, -1)
        return packed
    form = _HEAD
    fields: list[float] = [FIELDS, 4, server_id, 8, ts - EPOCH]
    known = 0
    for name in NAMES:
        value = values.get(name)
        if value is None:
            form += "i"
            fields.append(-1)
        else:
            form += "id"
            fields += (8, value)
            known += 1
    if known == len(values):
        return struct.pack(form + "i", *fields, -1)
    return struct.pack(form, *fields) + _extra({name: values[name] for name in values if name not in NAMES})


def pack_rows(rows: Rows) -> bytes:
    """All rows, sorted by key, so that two processes take the same locks in the same order.

    The order is that of the packed bytes, as `sorted` gives it for rows of `pack_reading`.
    """
    rows = rows.take(np.lexsort(((rows.ts - EPOCH).view(np.uint64), rows.server)))
    matrix, kept = _fixed_fields(rows)
    custom = {name: column for name, column in rows.values.items() if name not in NAMES}
    if custom:
        lengths = kept.sum(axis=1) if kept is not None else np.full(len(rows), matrix.shape[1])
        flat = matrix[kept].tobytes() if kept is not None else matrix.tobytes()
        return b"".join(_with_extras(flat, np.cumsum(lengths), custom))
    nulls = np.full((len(rows), 4), 0xFF, np.uint8)
    matrix = np.hstack((matrix, nulls))
    if kept is None:
        packed: bytes = matrix.tobytes()
        return packed
    kept_bytes: bytes = matrix[np.hstack((kept, np.ones_like(nulls, np.bool_)))].tobytes()
    return kept_bytes


def _fixed_fields(rows: Rows) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_] | None]:
    """All fields but the last as bytes (n, width), and which of them count; None: all do."""
    columns = [rows.values.get(name) for name in NAMES]
    absent = [column is None or bool(np.isnan(column).all()) for column in columns]
    table = np.empty(len(rows), _dtype(absent))
    table["fields"], table["server_length"], table["ts_length"] = FIELDS, 4, 8
    table["server"], table["ts"] = rows.server, rows.ts - EPOCH
    kept = None
    for name, column, missing in zip(NAMES, columns, absent, strict=True):
        table[f"{name}_length"] = -1 if missing else 8
        if column is not None and not missing:
            table[name] = column
            kept = _leave_out(table, name, np.isnan(column), kept)
    return table.view(np.uint8).reshape(len(rows), -1), kept


def _dtype(absent: list[bool]) -> np.dtype[np.void]:
    head = [("fields", ">i2"), ("server_length", ">i4"), ("server", ">i4"), ("ts_length", ">i4"), ("ts", ">i8")]
    for name, missing in zip(NAMES, absent, strict=True):
        head += [(f"{name}_length", ">i4")] if missing else [(f"{name}_length", ">i4"), (name, ">f8")]
    return np.dtype(head)


def _leave_out(
    table: npt.NDArray[np.void], name: str, missing: npt.NDArray[np.bool_], kept: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.bool_] | None:
    """Null where a value is missing: length -1, and its eight bytes do not count."""
    if not missing.any():
        return kept
    if kept is None:
        kept = np.ones((len(table), table.dtype.itemsize), np.bool_)
    table[f"{name}_length"][missing] = -1
    begin = table.dtype.fields[name][1]  # type: ignore[index]
    kept[missing, begin : begin + 8] = False
    return kept


def _with_extras(flat: bytes, ends: Int, custom: dict[str, Float]) -> Iterator[bytes]:
    columns = [column.tolist() for column in custom.values()]
    begin = 0
    for end, values in zip(ends.tolist(), zip(*columns, strict=True), strict=True):
        yield flat[begin:end]
        yield _extra({name: value for name, value in zip(custom, values, strict=True) if value == value})
        begin = end


def _extra(values: dict[str, float]) -> bytes:
    """The custom quantities' field, null when there is none."""
    if not values:
        return _NULL
    text = _encode(values)
    return struct.pack(">i", len(text) + 1) + _JSONB_VERSION + text


def unpack_keys_and_values(packed: bytes) -> Rows:
    """Rows as `queries.COPY_STORED` gives them: no nulls, NaN for what is absent."""
    names = ["server", "ts", *NAMES]
    kinds = [">i4", ">i8", *(">f8" for _ in NAMES)]
    fields = [("fields", ">i2")]
    for name, kind in zip(names, kinds, strict=True):
        fields += [(f"{name}_length", ">i4"), (name, kind)]
    table = np.frombuffer(packed, np.dtype(fields))
    values = {name: table[name].astype(np.float64) for name in islice(names, 2, None)}
    return Rows(table["server"].astype(np.int64), table["ts"].astype(np.int64) + EPOCH, values)
