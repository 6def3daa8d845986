"""The merge rule against a plain dictionary."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.readings.hot import Batch, Outcome
from app.readings.quantities import Values, merge
from app.readings.schemas import Reading

START = datetime(2026, 1, 1, tzinfo=UTC)
VALUE = st.none() | st.integers(0, 2).map(float)
VALUES = st.tuples(VALUE, VALUE, VALUE, VALUE).filter(any)
READING = st.builds(
    lambda server, second, values: Reading(server, START + timedelta(seconds=second), values),
    st.integers(1, 2),
    st.integers(0, 2),
    VALUES,
)
Stored = dict[tuple[int, datetime], Values]


def oracle(stored: Stored, readings: list[Reading]) -> tuple[Stored, list[Outcome]]:
    """One reading after the other, a quantity at a time."""
    state = dict(stored)
    outcomes = []
    for reading in readings:
        key = (reading.server_id, reading.ts)
        before = state.get(key)
        values = list(before or (None,) * 4)
        for position, value in enumerate(reading.values):
            if value is not None:
                values[position] = value
        state[key] = tuple(values)
        if before is None:
            outcomes.append(Outcome.ACCEPTED)
        else:
            outcomes.append(Outcome.DUPLICATE if before == state[key] else Outcome.UPDATED)
    return state, outcomes


@given(st.lists(READING, max_size=12), st.lists(READING, max_size=12))
def test_a_batch_ends_where_one_reading_after_the_other_would(before: list[Reading], batch: list[Reading]) -> None:
    stored, _ = oracle({}, before)
    expected, outcomes = oracle(stored, batch)
    folded = Batch(batch, stored)
    assert folded.outcomes == outcomes
    assert {**stored, **folded.final} == expected
    # What is written fills in over what stands there, so it must lead to the same state.
    written = {key: merge(stored.get(key, (None,) * 4), values) for key, values in folded.sent.items()}
    assert {**stored, **written} == expected


@given(st.lists(READING, min_size=1, max_size=12))
def test_rows_are_unique_and_in_key_order(batch: list[Reading]) -> None:
    keys = [row[:2] for row in Batch(batch).rows()]
    assert keys == sorted(set(keys))


def test_zero_is_a_value_and_overwrites() -> None:
    assert merge((5.0, None, None, None), (0.0, None, None, None)) == (0.0, None, None, None)
