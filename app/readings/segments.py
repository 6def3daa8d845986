"""Segments: one server's hour of readings as compressed columns, as pure functions over numpy arrays.

The instants of the hour stand in `segment.timestamps`, once for all quantities; the values of each quantity that was
measured in it stand in a row of `segment_column`, beside their statistics. To get from the rows of one (server_id,
hour) to arrays:

    ts = decode_timestamps(segment.timestamps)                      # (n,) int64, microseconds since 1970, ascending
    values = decode_values(column.payload, len(ts))                 # (n,) float64, NaN where the quantity is absent

n is `segment.count`; `segment_column.count` is how many of them have the quantity. A quantity without a row is absent
in the whole hour. Arrays are fresh and writable.
Decoding an hour at 1 Hz takes some 10 µs a column, encoding some 60; both let other threads run meanwhile.

Everything is lossless to the bit (pcodec): -0.0, denormals and infinities come back. NaN means "absent" alone.

Forms, version 1. Timestamps: version, layout, then for layout REGULAR two little-endian int64, the first instant and
the step, and the differences from that grid; for CONSECUTIVE the instants themselves. Values: version, length of the
mask as little-endian uint32, the mask (bits of who is present, packed and zlib; length 0: everybody is), the values
that are present. Integers and floats are pcodec's standalone form.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pcodec import ChunkConfig, DeltaSpec, ModeSpec, standalone

from app.readings import quarters
from app.readings.rows import Float, Int

VERSION = 1
HOUR = 3_600_000_000
"""Microseconds of an hour."""

_CONSECUTIVE, _REGULAR = 0, 1
_GRID = struct.Struct("<BBqq")
_VALUES = struct.Struct("<BI")
# Below this there is no grid to speak of.
_MIN_REGULAR = 3
_AUTO = ChunkConfig()
_JITTER = ChunkConfig(delta_spec=DeltaSpec.no_op())
# What changes at fewer than one reading in so many is stored as its changes. pcodec does not find that out by itself,
# for it looks at a sample: a room's temperature of one decimal took 0.42 bytes instead of 0.04, and twice the time.
_SLOW = ChunkConfig(mode_spec=ModeSpec.classic(), delta_spec=DeltaSpec.try_consecutive(1))
_RARELY = 8


class UnknownFormat(ValueError):
    """Bytes that no version of this module wrote."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the values present, in the order of their instants; `m2` is the sum of squared deviations from their mean."""

    count: int
    sum: float
    m2: float
    min: float
    max: float
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity of an encoded hour."""

    quantity_id: int
    statistics: Statistics
    payload: bytes


@dataclass(frozen=True, slots=True)
class Encoded:
    """One hour, as it is stored."""

    hour: int
    count: int
    first_ts: int
    last_ts: int
    timestamps: bytes
    columns: Sequence[Column]
    quarters: bytes | None


def hours_of(ts: Int) -> Int:
    """The hour of each instant (n,), hours since 1970."""
    hours: Int = ts // HOUR
    return hours


def start_of(hour: int) -> int:
    """The first microsecond of an hour; its readings are those before the first of the next."""
    return hour * HOUR


def encode(hour: int, ts: Int, values: Mapping[int, Float]) -> Encoded:
    """One hour: instants (n,), n > 0, ascending and each once, and by quantity_id float64 (n,) with NaN for absent."""
    found = [_column(quantity_id, column) for quantity_id, column in sorted(values.items())]
    columns = [column for column in found if column]
    parts = quarters.encode(start_of(hour), ts, values)
    return Encoded(hour, len(ts), int(ts[0]), int(ts[-1]), encode_timestamps(ts), columns, parts)


def encode_timestamps(ts: Int) -> bytes:
    """Instants (n,), n > 0, ascending and each once, as bytes."""
    step = _step(ts)
    if step is None:
        return bytes((VERSION, _CONSECUTIVE)) + _compress(ts, _AUTO)
    first = int(ts[0])
    return _GRID.pack(VERSION, _REGULAR, first, step) + _compress(ts - _grid(first, step, len(ts)), _JITTER)


def decode_timestamps(encoded: bytes) -> Int:
    """The instants (n,) of `segment.timestamps`. Raises: UnknownFormat."""
    if _layout(encoded) == _CONSECUTIVE:
        ts: Int = standalone.simple_decompress(encoded[2:])
        return ts
    jitter: Int = standalone.simple_decompress(encoded[_GRID.size :])
    return _off_grid(encoded, jitter)


def decode_timestamps_into(encoded: bytes, ts: Int) -> None:
    """The same, into an array (n,) that may be a part of a larger one. Raises: UnknownFormat."""
    if _layout(encoded) == _CONSECUTIVE:
        _decompress_into(encoded[2:], ts)
        return
    _decompress_into(encoded[_GRID.size :], ts)
    _off_grid(encoded, ts)


def encode_values(values: Float) -> bytes:
    """Values (n,) with NaN for absent, at least one present, as bytes."""
    present = ~np.isnan(values)
    mask = b"" if present.all() else zlib.compress(np.packbits(present).tobytes())
    kept = values[present] if mask else values
    return _VALUES.pack(VERSION, len(mask)) + mask + _compress(kept, _SLOW if _is_slow(kept) else _AUTO)


def decode_values(payload: bytes, count: int) -> Float:
    """The values (count,) of `segment_column.payload`, NaN where absent; `count` is that of the segment.

    Raises: UnknownFormat.
    """
    values = np.empty(count)
    decode_values_into(payload, values)
    return values


def decode_values_into(payload: bytes, values: Float) -> None:
    """The same, into an array (count,) that may be a part of a larger one. Raises: UnknownFormat."""
    version, length = _VALUES.unpack_from(payload)
    if version != VERSION:
        raise UnknownFormat(f"values of an unknown version {version}")
    start = _VALUES.size
    if not length:
        _decompress_into(payload[start:], values)
        return
    bits = np.frombuffer(zlib.decompress(payload[start : start + length]), np.uint8)
    values.fill(np.nan)
    present = np.unpackbits(bits, count=len(values)).view(np.bool_)
    values[present] = standalone.simple_decompress(payload[start + length :])


def statistics(values: Float) -> Statistics:
    """Of values (n,), n > 0, none of them NaN."""
    # Only values beyond what ingest takes (1e30) overflow; their statistics are infinite, their payload is exact.
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(values.sum())
        deviations = values - total / len(values)
        # The second term is the rounding error of the mean, squared.
        m2 = float(deviations @ deviations) - float(deviations.sum()) ** 2 / len(values)
    low, high = float(values.min()), float(values.max())
    return Statistics(len(values), total, max(m2, 0.0), low, high, float(values[0]), float(values[-1]))


def _column(quantity_id: int, values: Float) -> Column | None:
    """None for a quantity that is absent throughout."""
    present = values[~np.isnan(values)]
    return Column(quantity_id, statistics(present), encode_values(values)) if len(present) else None


def _step(ts: Int) -> int | None:
    """The step of a grid that the instants keep to more closely than to one another; None: there is none.

    A sender with a clock of its own jitters around the grid of that clock; differences from one instant to the next
    would carry the jitter of both (a quarter more bytes at 3 ms).
    """
    if len(ts) < _MIN_REGULAR:
        return None
    steps = len(ts) - 1
    span = int(ts[-1]) - int(ts[0])
    step = _round_step(span, steps)
    off_grid = np.abs(ts - _grid(int(ts[0]), step, len(ts))).sum(dtype=np.float64)
    off_each_other = np.abs(np.diff(ts) - step).sum(dtype=np.float64)
    return step if off_grid <= off_each_other else None


def _round_step(span: int, steps: int) -> int:
    """The mean step, as round a number as leads astray by no more than one step at the end."""
    exponent = len(str(span // steps)) - 1
    for power in range(exponent, 0, -1):
        unit = 10**power
        step = round(span / steps / unit) * unit
        if step and abs(step * steps - span) <= step:
            return int(step)
    return span // steps


def _layout(encoded: bytes) -> int:
    version, layout = encoded[0], encoded[1]
    if version != VERSION or layout not in (_CONSECUTIVE, _REGULAR):
        raise UnknownFormat(f"timestamps of an unknown form {encoded[:2].hex()}")
    return layout


def _off_grid(encoded: bytes, jitter: Int) -> Int:
    """Instants of the differences from the grid, in their place."""
    _, _, first, step = _GRID.unpack_from(encoded)
    jitter += _grid(first, step, len(jitter))
    return jitter


def _decompress_into(compressed: bytes, numbers: Int | Float) -> None:
    done = standalone.simple_decompress_into(compressed, numbers)
    if done.n_processed != len(numbers) or not done.finished:
        raise UnknownFormat(f"{done.n_processed} numbers where {len(numbers)} were expected")


def _is_slow(values: Float) -> bool:
    return bool(np.count_nonzero(values[1:] != values[:-1]) * _RARELY < len(values))


def _compress(numbers: Int | Float, how: ChunkConfig) -> bytes:
    compressed: bytes = standalone.simple_compress(np.ascontiguousarray(numbers), how)
    return compressed


def _grid(first: int, step: int, count: int) -> Int:
    return first + step * np.arange(count, dtype=np.int64)
