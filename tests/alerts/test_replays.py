"""The one function: live in pieces equals history in one equals the oracle, for every kind of condition."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.conditions import HourlyValues, Rule, States, compiled, evaluate
from tests.alerts.oracle import HOUR, SECOND, Found, Known, Readings, batch, oracle, threshold

CASES = 500 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 50
LEVELS = st.one_of(
    st.builds(lambda level, margin: {"above": level, "hysteresis": margin}, st.integers(-2, 2), st.integers(0, 2)),
    st.builds(lambda level, margin: {"below": level, "hysteresis": margin}, st.integers(-2, 2), st.integers(0, 2)),
    st.builds(lambda low, wide: {"outside": {"low": low, "high": low + wide}}, st.integers(-3, 1), st.integers(1, 4)),
    st.builds(lambda low, wide: {"inside": {"low": low, "high": low + wide}}, st.integers(-3, 1), st.integers(1, 4)),
)
QUANTITY = st.sampled_from(["t", "h"])
THRESHOLD = st.builds(
    lambda levels, quantity, hold, gap: threshold(quantity=quantity, hold_seconds=hold, no_data_seconds=gap, **levels),
    LEVELS, QUANTITY, st.integers(0, 8), st.sampled_from([3, 3600]),
)  # fmt: skip
RATE = st.builds(
    lambda one, window: {**one, "kind": "rate", "per": "second", "window_seconds": window},
    THRESHOLD,
    st.sampled_from([4, 10]),
)
NODATA = st.builds(
    lambda quantity, wait: {"kind": "nodata", "quantity": quantity, "for_seconds": wait}, QUANTITY, st.integers(1, 6)
)
OFFLINE = st.builds(lambda hold: {"kind": "offline", "hold_seconds": hold}, st.integers(0, 6))
SIMPLE = st.one_of(THRESHOLD, RATE, NODATA, OFFLINE)
COMBINED = st.builds(
    lambda kind, parts: {"kind": kind, "conditions": parts},
    st.sampled_from(["all", "any"]),
    st.lists(SIMPLE, min_size=2, max_size=3),
)
VALUES = st.dictionaries(QUANTITY, st.integers(-4, 4).map(float), min_size=1, max_size=2)
ROWS = st.lists(st.tuples(st.integers(1, 5), VALUES), max_size=40)


@st.composite
def worlds(draw: st.DrawFn) -> Known:
    at, readings = 0, []
    for gap, values in draw(ROWS):
        at += gap * SECOND
        readings.append((at, values))
    steps, moment, offline = [], 0, False
    for gap in draw(st.lists(st.integers(1, 9), max_size=8)):
        moment, offline = moment + gap * SECOND, not offline
        steps.append((moment, offline))
    return Known(readings, steps, max(at, moment) + draw(st.integers(0, 9)) * SECOND)


def piece(known: Known, after: int, until: int) -> Known:
    return Known(
        [row for row in known.readings if after < row[0] <= until],
        [step for step in known.steps if after < step[0] <= until],
        until,
    )


def replayed(
    rule: Rule, worlds: list[Known], cuts: list[int], hourly: dict[str, HourlyValues]
) -> tuple[States, list[Found]]:
    """Live, as if the watcher had looked at each of these instants."""
    states = States.new(rule, np.full(len(worlds), -1))
    found: list[Found] = [[] for _ in worlds]
    for after, until in zip([-1, *cuts], [*cuts, max(world.until for world in worlds)], strict=True):
        states, changes = evaluate(rule, states, batch([piece(world, after, until) for world in worlds], hourly))
        for server, at, on in zip(changes.server.tolist(), changes.ts.tolist(), changes.on.tolist(), strict=True):
            found[server].append((at, on))
    return states, found


def same(one: States, other: States) -> bool:
    columns = [(one.on, other.on), (one.since, other.since), (one.time, other.time)]
    for part, twin in zip(one.parts, other.parts, strict=True):
        columns += [(getattr(part, name), getattr(twin, name)) for name in ("phase", "since", "last", "value")]
    return all(np.array_equal(left, right, equal_nan=left.dtype.kind == "f") for left, right in columns)


@settings(max_examples=4 * CASES, derandomize=True, deadline=None)
@given(
    st.one_of(SIMPLE, COMBINED), st.lists(worlds(), min_size=1, max_size=3), st.lists(st.integers(0, 250), max_size=6)
)
def test_live_in_pieces_equals_history_in_one_equals_the_oracle(
    condition: dict[str, Any], worlds: list[Known], moments: list[int]
) -> None:
    rule = compiled(condition)
    until = max(world.until for world in worlds)
    worlds = [replace(world, until=until) for world in worlds]
    cuts = sorted(moment * SECOND for moment in moments if moment * SECOND < until)
    whole_state, whole = replayed(rule, worlds, [], {})
    state, live = replayed(rule, worlds, cuts, {})
    assert live == whole
    assert same(state, whole_state)
    assert whole == [oracle(condition, world) for world in worlds]


@st.composite
def days(draw: st.DrawFn) -> Known:
    readings: Readings = []
    for day in range(draw(st.integers(3, 7))):
        for hour in (5, 6):
            for second in sorted(draw(st.sets(st.integers(0, 3599), max_size=4))):
                value = float(draw(st.integers(-3, 3)))
                readings.append((((day * 24 + hour) * 3600 + second) * SECOND, {"t": value}))
    return Known(readings, [], 8 * 24 * HOUR)


def hourly_of(worlds: list[Known]) -> dict[str, HourlyValues]:
    cells: dict[tuple[int, int], list[float]] = {}
    for place, world in enumerate(worlds):
        for at, values in world.readings:
            cells.setdefault((place, at // HOUR), []).append(values["t"])
    keys = sorted(cells)
    columns = [np.array([key[side] for key in keys], np.int64) for side in (0, 1)]
    return {
        "t": HourlyValues(
            *columns, np.array([np.mean(cells[key]) for key in keys]), np.array([np.var(cells[key]) for key in keys])
        )
    }


@settings(max_examples=CASES, derandomize=True, deadline=None)
@given(LEVELS, st.integers(3, 6), st.lists(days(), min_size=1, max_size=2), st.lists(st.integers(0, 190), max_size=5))
def test_a_deviation_live_equals_history_equals_the_oracle(
    levels: dict[str, Any], past: int, worlds: list[Known], hours: list[int]
) -> None:
    condition = threshold(**levels, kind="deviation", days=past, zone="UTC")
    rule, hourly = compiled(condition), hourly_of(worlds)
    whole_state, whole = replayed(rule, worlds, [], hourly)
    state, live = replayed(rule, worlds, sorted(hour * HOUR for hour in hours), hourly)
    assert live == whole
    assert same(state, whole_state)
    assert whole == [oracle(condition, world) for world in worlds]


@settings(max_examples=CASES, derandomize=True, deadline=None)
@given(COMBINED | THRESHOLD, st.lists(worlds(), min_size=1, max_size=2), st.lists(st.integers(0, 250), max_size=6))
def test_a_schedule_gates_the_same_in_pieces_and_in_one(
    condition: dict[str, Any], worlds: list[Known], moments: list[int]
) -> None:
    until = max(world.until for world in worlds)
    # The world begins a minute before the hours of the rule do, and they last for a minute.
    base = 4 * 24 * HOUR + 8 * HOUR - 30 * SECOND
    worlds = [
        Known([(at + base, of) for at, of in world.readings], [(at + base, on) for at, on in world.steps], base + until)
        for world in worlds
    ]
    cuts = sorted(base + moment * SECOND for moment in moments if moment * SECOND < until)
    rule = compiled(condition, {"zone": "UTC", "weekdays": ["mon"], "start": "08:00", "end": "08:01"})
    whole_state, whole = replayed(rule, worlds, [], {})
    state, live = replayed(rule, worlds, cuts, {})
    assert live == whole
    assert same(state, whole_state)
    for world, found in zip(worlds, whole, strict=True):
        turns = oracle(condition, world)
        begin, end = base + 30 * SECOND, base + 90 * SECOND
        holds_then = next((on for at, on in reversed(turns) if at <= begin), False)
        within = [(at, on) for at, on in turns if begin < at < end]
        expected = ([(begin, True)] if holds_then and base + until >= begin else []) + within
        if (expected and expected[-1][1]) and base + until >= end:
            expected.append((end, False))
        assert found == expected
