"""Statistics of the quarters of a dense hour, for bounds that fall inside it.

Days of Kathmandu begin at a quarter past an hour of UTC, those of India and Adelaide at half past. With these, such an
hour is answered as others are from their statistics, and nothing of it is decoded; buckets of a quarter of an hour
likewise. All zones of today keep to quarters.

Form, version 1: the version, then records of `RECORD`, those of a quantity together, of quarters that have any. They
stand beside the instants of a segment, once for all quantities, because they are read for few hours of many.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from app.readings.aggregates.partials import Summary, summarize
from app.readings.rows import Float, Int

VERSION = 1
QUARTER = 900_000_000
"""Microseconds of a quarter of an hour."""
# From one reading every two seconds on: half a byte for each of them at the most. A sparser hour decodes faster.
DENSE = 1800

STATISTICS = ("sum", "m2", "min", "max", "first", "last")
RECORD = np.dtype([("quantity", "<i4"), ("quarter", "u1"), ("count", "<i4"), *((name, "<f8") for name in STATISTICS)])

Records = npt.NDArray[np.void]


def encode(begin: int, ts: Int, values: Mapping[int, Float], dense: int = DENSE) -> bytes | None:
    """Of the hour that begins then: instants (n,), ascending, and by quantity_id float64 (n,) with NaN for absent.

    None of an hour with fewer readings than `dense`.
    """
    if len(ts) < dense:
        return None
    edges = begin + QUARTER * np.arange(5)
    gaps = {number: column for number, column in values.items() if np.isnan(column).any()}
    parts = {number: _of_quantity(number, ts, column, edges) for number, column in gaps.items()}
    parts |= _of_whole({number: column for number, column in values.items() if number not in gaps}, ts, edges)
    return bytes((VERSION,)) + b"".join(parts[number].tobytes() for number in sorted(parts))


def decode(encoded: Sequence[bytes]) -> tuple[Records, Int]:
    """The records (m,) of hours (n,), one behind the other, and how many each has: none where the form is one that
    only later versions know.
    """
    known = [parts[1:] if parts[:1] == bytes((VERSION,)) else b"" for parts in encoded]
    sizes = np.array([len(parts) // RECORD.itemsize for parts in known], np.int64)
    return np.frombuffer(b"".join(known), RECORD), sizes


def alike(one: Records, other: Records, rounding: float) -> bool:
    """Whether these say the same, but for the last digits of sums."""
    if len(one) != len(other):
        return False
    exact = ("quantity", "quarter", "count", "min", "max", "first", "last")
    if any((one[name] != other[name]).any() for name in exact):
        return False
    scale = np.maximum(np.abs(one["min"]), np.abs(one["max"])) * rounding * one["count"]
    near = np.abs(one["sum"] - other["sum"]) <= scale
    spread = np.abs(one["m2"] - other["m2"]) <= scale * np.maximum(np.abs(one["min"]), np.abs(one["max"]))
    return bool(near.all() and spread.all())


def _of_whole(values: Mapping[int, Float], ts: Int, edges: Int) -> dict[int, Records]:
    """The records of quantities without gaps, by quantity: together they cost a third of what they do one by one."""
    if not values:
        return {}
    positions = np.searchsorted(ts, edges)
    filled = np.flatnonzero(positions[1:] > positions[:-1])
    starts, count = positions[filled], np.diff(positions)[filled]
    columns = np.array(list(values.values()))
    records = np.empty((len(columns), len(filled)), RECORD)
    records["quantity"], records["quarter"], records["count"] = np.array(list(values))[:, np.newaxis], filled, count
    records["first"], records["last"] = columns[:, starts], columns[:, starts + count - 1]
    records["min"], records["max"] = (end.reduceat(columns, starts, axis=1) for end in (np.minimum, np.maximum))
    # As for those with gaps.
    with np.errstate(over="ignore", invalid="ignore"):
        records["sum"] = np.add.reduceat(columns, starts, axis=1)
        columns -= np.repeat(records["sum"] / count, count, axis=1)
        columns *= columns
        records["m2"] = np.add.reduceat(columns, starts, axis=1)
    return dict(zip(values, records, strict=True))


def _of_quantity(number: int, ts: Int, values: Float, edges: Int) -> Records:
    present = ~np.isnan(values)
    if not present.all():
        ts, values = ts[present], values[present]
    # Only values beyond what ingest takes (1e30) overflow, as those of the hour do.
    with np.errstate(over="ignore", invalid="ignore"):
        found: Summary = summarize(ts, values, np.searchsorted(ts, edges), 0, STATISTICS)
    records = np.empty(len(found.cell), RECORD)
    records["quantity"], records["quarter"], records["count"] = number, found.cell, found.count
    for name in STATISTICS:
        records[name] = found.values[name]
    return records
