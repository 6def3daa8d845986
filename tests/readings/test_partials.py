"""Statistics of parts, merged, are those of the whole."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.readings.aggregates.partials import Partials, summarize

KEPT = ("sum", "m2", "min", "max", "first", "last")
# What ingest takes, without those so small that their squares are denormal.
MEASURED = st.one_of(st.just(0.0), st.floats(1e-100, 1e30), st.floats(-1e30, -1e-100))


def merged(values: np.ndarray[tuple[int], np.dtype[np.float64]], cut: int) -> Partials:
    """One cell, of the readings before the cut and those behind it."""
    ts = np.arange(len(values))
    partials = Partials(1, KEPT)
    for part in (slice(None, cut), slice(cut, None)):
        partials.add(summarize(ts[part], values[part], np.array([0, len(values[part])]), 0, KEPT))
    return partials


@settings(derandomize=True, deadline=None)
@given(st.lists(MEASURED, min_size=2, max_size=100), st.data())
def test_statistics_of_two_parts_are_those_of_the_whole(values: list[float], data: st.DataObject) -> None:
    whole = np.array(values)
    found = merged(whole, data.draw(st.integers(1, len(values) - 1)))
    scale = float(np.abs(whole).max())
    m2 = float(((whole - whole.mean()) ** 2).sum())
    assert found.values["sum"][0] == pytest.approx(math.fsum(values), rel=1e-12, abs=1e-13 * scale)
    assert found.values["m2"][0] == pytest.approx(m2, rel=1e-9, abs=1e-12 * scale**2)
    assert found.count[0] == len(values)
    ends = (min(values), max(values), values[0], values[-1])
    assert tuple(found.values[name][0] for name in ("min", "max", "first", "last")) == ends


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    """A sum of squares would lose a σ of 0.02 at an offset of 10⁷."""
    values = 1e7 + np.random.default_rng(3).normal(0, 0.02, 7200)
    assert merged(values, 3600).result("stddev")[0] == pytest.approx(float(values.std(ddof=1)), rel=1e-6)
