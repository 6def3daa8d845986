"""The merge rule against a plain dictionary, and the rows that PostgreSQL gets."""

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.readings.merging import Outcome, merge
from app.readings.packing import pack_reading, pack_rows
from app.readings.rows import EMPTY, Reading, Rows, concatenate, rows_of

NAMES = ("temperature", "humidity", "voltage", "current", "pressure")
VALUES = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2).map(float), min_size=1)
# Before and after 2000, where PostgreSQL counts from.
READING = st.builds(Reading, st.integers(1, 2), st.sampled_from([-1, 0, 10**15, 10**15 + 1]), VALUES)
State = dict[tuple[int, int], dict[str, float]]


def oracle(stored: State, readings: list[Reading]) -> tuple[State, list[Outcome]]:
    """One reading after the other, a quantity at a time."""
    state = dict(stored)
    outcomes = []
    for reading in readings:
        key = (reading.server_id, reading.ts)
        before = state.get(key)
        state[key] = {**(before or {}), **reading.values}
        if before is None:
            outcomes.append(Outcome.ACCEPTED)
        else:
            outcomes.append(Outcome.DUPLICATE if before == state[key] else Outcome.UPDATED)
    return state, outcomes


def rows_from(state: State) -> Rows:
    return rows_of([Reading(server_id, ts, values) for (server_id, ts), values in state.items()]) if state else EMPTY


def state_of(rows: Rows) -> State:
    readings = (rows.reading(position) for position in range(len(rows)))
    return {(reading.server_id, reading.ts): reading.values for reading in readings}


@given(st.lists(READING, max_size=12), st.lists(READING, min_size=1, max_size=12))
def test_a_batch_ends_where_one_reading_after_the_other_would(before: list[Reading], batch: list[Reading]) -> None:
    everything, _ = oracle({}, before)
    touched = {(reading.server_id, reading.ts) for reading in batch}
    stored = {key: values for key, values in everything.items() if key in touched}
    expected, outcomes = oracle(stored, batch)
    merged = merge(rows_from(stored), rows_of(batch))
    assert merged.outcomes.tolist() == outcomes
    assert state_of(merged.final) == expected
    for reading, position in zip(batch, merged.position.tolist(), strict=True):
        final = merged.final.reading(position)
        assert (final.server_id, final.ts) == (reading.server_id, reading.ts)


@given(st.lists(READING, min_size=1, max_size=12))
def test_what_is_staged_is_unique_and_leads_to_the_same_state(batch: list[Reading]) -> None:
    sent = merge(EMPTY, rows_of(batch)).final
    keys = list(zip(sent.server.tolist(), sent.ts.tolist(), strict=True))
    assert len(keys) == len(set(keys))
    assert state_of(sent) == oracle({}, batch)[0]


@given(st.lists(READING, min_size=1, max_size=12))
def test_columns_pack_to_the_bytes_of_single_readings(batch: list[Reading]) -> None:
    """One way in gives what the other gives, in the same order, so that no two processes lock in a circle."""
    unique = {(reading.server_id, reading.ts): reading for reading in batch}.values()
    assert pack_rows(rows_of(list(unique))) == b"".join(sorted(pack_reading(reading) for reading in unique))


def test_a_packed_reading_is_a_row_of_postgresql() -> None:
    packed = pack_reading(Reading(7, 946_684_800_000_001, {"humidity": 0.5, "flow": 2.0}))
    assert packed[:22] == struct.pack(">hiiiq", 7, 4, 7, 8, 1)
    assert packed[22:] == struct.pack(">iidiii", -1, 8, 0.5, -1, -1, 13) + b'\x01{"flow":2.0}'


def test_zero_is_a_value_and_overwrites() -> None:
    stored = rows_of([Reading(1, 5, {"temperature": 5.0})])
    merged = merge(stored, rows_of([Reading(1, 5, {"temperature": 0.0})]))
    assert merged.final.reading(0).values == {"temperature": 0.0}
    assert merged.outcomes.tolist() == [Outcome.UPDATED]


def test_parts_with_different_quantities_stand_side_by_side() -> None:
    both = concatenate([rows_of([Reading(1, 1, {"voltage": 1.0})]), rows_of([Reading(1, 2, {"flow": 2.0})])])
    assert state_of(both) == {(1, 1): {"voltage": 1.0}, (1, 2): {"flow": 2.0}}
    assert np.isnan(both.values["voltage"]).tolist() == [False, True]
