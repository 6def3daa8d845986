"""Segments give back what was put into them, to the bit, and their statistics are those of the values."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from app.readings.segments import (
    HOUR,
    Statistics,
    UnknownFormat,
    decode_timestamps,
    decode_values,
    encode,
    encode_timestamps,
    encode_values,
    hours_of,
    start_of,
)

ANY_FLOAT = st.floats(allow_nan=False, width=64)
INSTANTS = st.lists(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999), min_size=1, max_size=50, unique=True)
# What ingest takes, without those so small that their squares are denormal.
MEASURED = st.one_of(st.just(0.0), st.floats(1e-100, 1e30), st.floats(-1e30, -1e-100))


def bits(values: np.ndarray) -> list[int]:
    return values.view(np.uint64).tolist()


@given(arrays.arrays(np.float64, st.integers(1, 200), elements=st.one_of(ANY_FLOAT, st.just(math.nan))))
def test_values_come_back_to_the_bit(values: np.ndarray) -> None:
    present = ~np.isnan(values)
    if not present.any():
        values[0], present[0] = -0.0, True
    decoded = decode_values(encode_values(values), len(values))
    assert np.isnan(decoded).tolist() == (~present).tolist()
    assert bits(decoded[present]) == bits(values[present])


@pytest.mark.parametrize(
    "value", [-0.0, 0.0, 5e-324, -5e-324, sys.float_info.min, sys.float_info.max, math.inf, -math.inf]
)
def test_a_lonely_extreme_comes_back(value: float) -> None:
    values = np.array([math.nan, value, math.nan])
    assert bits(decode_values(encode_values(values), 3)[1:2]) == bits(values[1:2])


@given(arrays.arrays(np.float64, st.integers(1, 4), elements=ANY_FLOAT), st.integers(8, 100), st.booleans())
def test_values_that_seldom_change_come_back_to_the_bit(levels: np.ndarray, times: int, gap: bool) -> None:
    values = np.repeat(levels, times)
    if gap:
        values[::5] = math.nan
    decoded = decode_values(encode_values(values), len(values))
    assert np.isnan(decoded).tolist() == np.isnan(values).tolist()
    assert bits(decoded[~np.isnan(values)]) == bits(values[~np.isnan(values)])


def test_values_that_seldom_change_cost_next_to_nothing() -> None:
    slow = np.round(24 + 3 * np.sin(np.arange(3600) * (2 * np.pi / 86_400)), 1)
    assert len(encode_values(slow)) < 0.1 * len(slow)


@given(INSTANTS)
def test_any_instants_come_back(instants: list[int]) -> None:
    ts = np.array(sorted(instants), np.int64)
    assert decode_timestamps(encode_timestamps(ts)).tolist() == ts.tolist()


@given(st.integers(0, 2**32), st.sampled_from([0, 3_000, 450_000, 5_000_000]), st.sampled_from([0.0, 0.1]))
def test_a_senders_clock_with_jitter_and_gaps_comes_back(seed: int, jitter: int, lost: float) -> None:
    chance = np.random.default_rng(seed)
    ts = 1_700_000_000_000_000 + 1_000_000 * np.arange(400) + chance.integers(-jitter, jitter + 1, 400)
    ts = np.unique(ts[chance.random(400) >= lost])
    assert decode_timestamps(encode_timestamps(ts)).tolist() == ts.tolist()


def test_jitter_is_stored_once_not_twice() -> None:
    """4 bytes a reading with four quantities leave half a byte for the instants of a sender that jitters by 3 ms."""
    chance = np.random.default_rng(1)
    ts = 1_000_000 * np.arange(3600) + 1000 * chance.integers(-3, 4, 3600)
    assert len(encode_timestamps(ts)) / 3600 < 0.42


def test_an_hour_holds_only_the_quantities_that_were_measured() -> None:
    ts = np.array([start_of(7), start_of(7) + 5])
    encoded = encode(7, ts, {4: np.array([math.nan, 2.0]), 1: np.array([1.0, 3.0]), 100: np.full(2, math.nan)})
    assert (encoded.hour, encoded.count, encoded.first_ts, encoded.last_ts) == (7, 2, ts[0], ts[1])
    assert [column.quantity_id for column in encoded.columns] == [1, 4]
    assert encoded.columns[0].statistics == Statistics(2, 4.0, 2.0, 1.0, 3.0, 1.0, 3.0)
    assert encoded.columns[1].statistics == Statistics(1, 2.0, 0.0, 2.0, 2.0, 2.0, 2.0)


def test_bytes_of_another_version_are_refused() -> None:
    with pytest.raises(UnknownFormat):
        decode_timestamps(b"\x09" + encode_timestamps(np.array([1]))[1:])
    with pytest.raises(UnknownFormat):
        decode_values(b"\x09" + encode_values(np.array([1.0]))[1:], 1)


def test_hours_begin_where_the_clock_says_also_before_1970() -> None:
    ts = np.array([-1, 0, HOUR - 1, HOUR])
    assert hours_of(ts).tolist() == [-1, 0, 0, 1]
    assert [start_of(hour) for hour in (-1, 0, 1)] == [-HOUR, 0, HOUR]
