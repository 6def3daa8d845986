"""The one function that says when a rule fires: as its words say, and the same however the readings are cut."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.conditions import State, Threshold, Transition, evaluate

SECOND = 1_000_000
Readings = list[tuple[int, float]]


def run(rule: Threshold, readings: Readings, state: State | None = None) -> tuple[State, list[Transition]]:
    instants = np.array([at for at, _ in readings], dtype=np.int64)
    values = np.array([value for _, value in readings], dtype=np.float64)
    return evaluate(rule, state or State(), instants, values)


def each_second(*values: float) -> Readings:
    return [(number * SECOND, value) for number, value in enumerate(values)]


def kinds(transitions: list[Transition]) -> list[tuple[str, float]]:
    return [(each.kind, each.at / SECOND) for each in transitions]


def test_it_fires_beyond_the_level_and_ends_at_it() -> None:
    rule = Threshold(30, above=True, clear=30, hold=0)
    _, found = run(rule, each_second(29, 30, 30.1, 31, 30, 29))
    assert kinds(found) == [("opened", 2), ("resolved", 4)]


def test_below_is_the_mirror() -> None:
    rule = Threshold(10, above=False, clear=12, hold=0)
    _, found = run(rule, each_second(11, 10, 9, 11, 12, 9))
    assert kinds(found) == [("opened", 2), ("resolved", 4), ("opened", 5)]


def test_it_holds_before_it_fires_and_a_dip_starts_the_hold_anew() -> None:
    rule = Threshold(30, above=True, clear=30, hold=3 * SECOND)
    _, found = run(rule, each_second(31, 31, 31, 30, 31, 31, 31, 31, 31))
    assert kinds(found) == [("opened", 7)]
    assert found[0].since == 4 * SECOND


def test_between_the_bounds_nothing_begins_and_nothing_ends() -> None:
    rule = Threshold(30, above=True, clear=25, hold=0)
    _, found = run(rule, each_second(27, 31, 27, 31, 26, 25, 27, 31))
    assert kinds(found) == [("opened", 1), ("resolved", 5), ("opened", 7)]


def test_a_hold_goes_on_over_a_restart() -> None:
    rule = Threshold(30, above=True, clear=30, hold=10 * SECOND)
    kept, nothing = run(rule, each_second(31, 31, 31))
    assert (kept, nothing) == (State("pending", 0), [])
    _, found = run(rule, [(10 * SECOND, 31)], kept)
    assert kinds(found) == [("opened", 10)]


def test_nothing_says_nothing() -> None:
    state = State("firing", 5)
    assert run(Threshold(30, above=True, clear=30, hold=0), [], state) == (state, [])


def oracle(rule: Threshold, readings: Readings) -> list[Transition]:
    """The same in the plainest words, a reading at a time."""
    found: list[Transition] = []
    firing, since = False, None
    for at, value in readings:
        beyond = value > rule.level if rule.above else value < rule.level
        back = value <= rule.clear if rule.above else value >= rule.clear
        if firing and back:
            found.append(Transition("resolved", at, value, since or 0))
            firing, since = False, None
        elif not firing and not beyond:
            since = None
        elif not firing:
            since = at if since is None else since
            if at - since >= rule.hold:
                firing = True
                found.append(Transition("opened", at, value, since))
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[Threshold, Readings, list[int]]:
    above = draw(st.booleans())
    level = float(draw(st.integers(-2, 2)))
    band = draw(st.integers(0, 2))
    rule = Threshold(level, above, level - band if above else level + band, draw(st.integers(0, 8)))
    gaps = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(-4, 4)), max_size=60))
    readings, at = [], 0
    for gap, value in gaps:
        at += gap
        readings.append((at, float(value)))
    cuts = sorted(draw(st.lists(st.integers(0, len(readings)), max_size=6)))
    return rule, readings, cuts


@settings(max_examples=500, derandomize=True, deadline=None)
@given(cases())
def test_live_in_pieces_equals_history_in_one_equals_the_oracle(case: tuple[Threshold, Readings, list[int]]) -> None:
    rule, readings, cuts = case
    whole_state, whole = run(rule, readings)
    state, live = State(), []
    for first, end in zip([0, *cuts], [*cuts, len(readings)], strict=True):
        state, found = run(rule, readings[first:end], state)
        live += found
    assert (state, live) == (whole_state, whole)
    assert whole == oracle(rule, readings)
