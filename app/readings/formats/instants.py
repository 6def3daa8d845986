"""Instants of a whole column at once, exactly as `clock.parse_instant` reads one."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.core.clock import parse_instant, to_microseconds
from app.core.errors import FieldError, invalid_field
from app.readings.columns import NO_TIMESTAMP, Int

_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?"
# Forms that Arrow reads as we do; the rest is read one by one.
_WITH_ZONE, _WITHOUT = _MOMENT + r"(Z|[+-]\d\d:\d\d)$", _MOMENT + "$"
# Arrow counts offsets of any size; ISO 8601 ends at 24 hours, which the slow way knows.
_FAR_OFFSET = r"[+-](2[4-9]|[3-9]\d):|:[6-9]\d$"
_PER_MICROSECOND = 1000
# Whole seconds, and one to six digits behind them.
_LENGTHS = (20, 22, 23, 24, 25, 26, 27)
_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}


def microseconds(column: pa.Array, name: str) -> tuple[Int, dict[int, FieldError]]:
    """Microseconds since 1970 (n,), NO_TIMESTAMP for null, and the faults by row; `name` is the column's.

    Raises: Invalid for a column that holds neither instants nor text.
    """
    if pa.types.is_timestamp(column.type):
        return _from_timestamps(column, name)
    if pa.types.is_null(column.type):
        return np.full(len(column), NO_TIMESTAMP), {}
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        message = "Must hold timestamps or ISO 8601 text"
        raise invalid_field(("body", name), message, "instant_column")
    return _from_text(column.cast(pa.string()), name)


def _from_timestamps(column: pa.Array, name: str) -> tuple[Int, dict[int, FieldError]]:
    if column.type.unit == "us" and not column.null_count:
        whole: Int = column.cast(pa.int64()).to_numpy()
        # Two passes instead of ten; nearly all files are so.
        if not len(whole) or (whole.min() >= _FIRST and whole.max() <= _LAST):
            return whole, {}
    nulls = _booleans(column.is_null())
    raw = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    if column.type.unit == "ns":
        whole, rest = np.divmod(raw, _PER_MICROSECOND)
        faults = {int(row): _fault(name, "instant") for row in np.flatnonzero(rest)}
    else:
        factor = {"s": 1_000_000, "ms": 1000, "us": 1}[column.type.unit]
        limit = np.iinfo(np.int64).max // factor
        faults = {int(row): _fault(name, "instant_range") for row in np.flatnonzero(np.abs(raw) > limit)}
        whole = np.where(np.abs(raw) > limit, 0, raw) * factor
    outside = (whole < _FIRST) | (whole > _LAST)
    faults |= {int(row): _fault(name, "instant_range") for row in np.flatnonzero(outside & ~nulls)}
    return np.where(nulls, NO_TIMESTAMP, whole), faults


def _from_text(column: pa.Array, name: str) -> tuple[Int, dict[int, FieldError]]:
    alike = _all_alike(column)
    if alike is not None:
        return alike, {}
    result = np.full(len(column), NO_TIMESTAMP)
    left = ~_booleans(column.is_null())
    far = _matches(column, _FAR_OFFSET)
    for pattern, zone in ((_WITH_ZONE, "UTC"), (_WITHOUT, None)):
        rows = np.flatnonzero(left & _matches(column, pattern) & ~far)
        try:
            parsed = column.take(pa.array(rows)).cast(pa.timestamp("us", zone)).cast(pa.int64())
        except pa.ArrowInvalid:
            continue  # a day that no calendar has: the slow way says which
        result[rows] = parsed.to_numpy(zero_copy_only=False)
        left[rows] = (result[rows] < _FIRST) | (result[rows] > _LAST)
    return result, _one_by_one(column, np.flatnonzero(left), result, name)


def _all_alike(column: pa.Array) -> Int | None:
    """A column in which each text is `2026-01-31T12:00:00Z`, or each has the same number of digits behind the second;
    None for any other. Nearly all are so, and the patterns above cost five times as much.
    """
    lengths = pc.min_max(pc.binary_length(column)).as_py()
    length = lengths["min"]
    if column.null_count or length != lengths["max"] or length not in _LENGTHS:
        return None
    offsets = np.frombuffer(column.buffers()[1], np.int32)
    start = offsets[column.offset]
    letters = np.frombuffer(column.buffers()[2], np.uint8)[start : start + length * len(column)].reshape(-1, length)
    marks = {**_MARKS, length - 1: "Z"} | ({19: "."} if length > _LENGTHS[0] else {})
    if not all((letters[:, place] == ord(mark)).all() for place, mark in marks.items()):
        return None
    try:
        parsed: Int = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return parsed if ((parsed >= _FIRST) & (parsed <= _LAST)).all() else None


def _one_by_one(column: pa.Array, rows: Int, result: Int, name: str) -> dict[int, FieldError]:
    faults = {}
    for row in rows.tolist():
        try:
            result[row] = to_microseconds(parse_instant(column[row].as_py()))
        except ValueError as error:
            faults[row] = _fault(name, "instant_range" if "calendar" in str(error) else "instant")
    return faults


def _matches(column: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    return _booleans(pc.match_substring_regex(column, pattern).fill_null(False))


def _booleans(column: pa.Array) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[np.bool_] = column.to_numpy(zero_copy_only=False).astype(np.bool_)
    return flags


def _fault(name: str, kind: str) -> FieldError:
    return {"loc": [name], "msg": _MESSAGES[kind], "type": kind}


def _message(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        return str(error)[0].upper() + str(error)[1:]
    raise AssertionError(text)


_MESSAGES = {"instant": _message(""), "instant_range": _message("2026-02-30T00:00:00Z")}
_FIRST = to_microseconds(parse_instant("0001-01-01T00:00:00Z"))
_LAST = to_microseconds(parse_instant("9999-12-31T23:59:59.999999Z"))
