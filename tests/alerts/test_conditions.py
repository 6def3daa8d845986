"""The one function that says when a rule fires, by examples."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.alerts.conditions import NEVER, Changes, HourlyValues, Rule, States, compiled, evaluate
from app.alerts.conditions.usual import past_hours
from tests.alerts.oracle import HOUR, SECOND, Known, Readings, batch, each_second, threshold


def run(rule: Rule, readings: Readings) -> Changes:
    known = Known(readings, [], readings[-1][0] if readings else 0)
    return evaluate(rule, States.new(rule, np.array([-1])), batch([known]))[1]


def turns(changes: Changes) -> list[tuple[str, float]]:
    words = {True: "opened", False: "resolved"}
    return [(words[on], at / SECOND) for on, at in zip(changes.on.tolist(), changes.ts.tolist(), strict=True)]


def test_it_fires_beyond_the_level_and_ends_at_it() -> None:
    found = run(compiled(threshold(above=30)), each_second(29, 30, 30.1, 31, 30, 29))
    assert turns(found) == [("opened", 2), ("resolved", 4)]
    assert found.value.tolist() == [30.1, 30]


def test_below_is_the_mirror() -> None:
    found = run(compiled(threshold(below=10, hysteresis=2)), each_second(11, 10, 9, 11, 12, 9))
    assert turns(found) == [("opened", 2), ("resolved", 4), ("opened", 5)]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"outside": {"low": 10, "high": 20}}, [("opened", 2), ("resolved", 3), ("opened", 5), ("resolved", 6)]),
        (
            {"inside": {"low": 10, "high": 20}},
            [("opened", 0), ("resolved", 2), ("opened", 3), ("resolved", 5), ("opened", 6)],
        ),
        (
            {"outside": {"low": 10, "high": 20}, "hysteresis": 2},
            [("opened", 2), ("resolved", 4), ("opened", 5), ("resolved", 7)],
        ),
    ],
)
def test_a_band_is_left_or_entered(levels: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    assert turns(run(compiled(threshold(**levels)), each_second(10, 20, 21, 19, 18, 9, 10, 12))) == expected


def test_it_holds_before_it_fires_and_a_dip_starts_the_hold_anew() -> None:
    found = run(compiled(threshold(above=30, hold_seconds=3)), each_second(31, 31, 31, 30, 31, 31, 31, 31, 31))
    assert turns(found) == [("opened", 7)]
    assert found.since[0] == 4 * SECOND


def test_between_the_bounds_nothing_begins_and_nothing_ends() -> None:
    found = run(compiled(threshold(above=30, hysteresis=5)), each_second(27, 31, 27, 31, 26, 25, 27, 31))
    assert turns(found) == [("opened", 1), ("resolved", 5), ("opened", 7)]


def test_bounds_are_reckoned_in_decimals() -> None:
    found = run(compiled(threshold(above=0.3, hysteresis=0.1)), each_second(0.4, 0.2))
    assert turns(found) == [("opened", 0), ("resolved", 1)], "0.3 less 0.1 is 0.2"


def test_a_silence_breaks_a_hold_and_ends_nothing_that_fired() -> None:
    rule = compiled(threshold(above=30, hold_seconds=10, no_data_seconds=60))
    readings = [(at * SECOND, {"t": 31.0}) for at in (0, 5, 100, 105, 110, 300)]
    assert turns(run(rule, readings)) == [("opened", 110)]


def test_a_rate_is_that_over_its_window() -> None:
    condition = threshold(kind="rate", above=1.9, per="minute", window_seconds=60)
    rising = [(at * SECOND, {"t": 20 + max(0, at - 100) / 30}) for at in range(0, 400, 5)]
    ((word, at),) = turns(run(compiled(condition), rising))
    assert word == "opened"
    assert 150 <= at <= 165, "2 a minute from second 100 on: over the whole window a minute later"


def test_a_deviation_is_from_the_same_hour_of_past_days() -> None:
    condition = threshold(kind="deviation", above=3, days=5, zone="UTC")
    past = [21.0, 22.0, 23.0, 22.0, 22.0]
    hourly = HourlyValues(
        np.zeros(5, np.int64), np.array([48 + 24 * day for day in range(5)]), np.array(past), np.full(5, 0.25)
    )
    start = (48 + 24 * 5) * HOUR
    readings: Readings = [(start + SECOND, {"t": 23.4}), (start + 2 * SECOND, {"t": 23.6}), (start + HOUR, {"t": 99.0})]
    rule = compiled(condition)
    _, found = evaluate(rule, States.new(rule, np.array([0])), batch([Known(readings, [], 0)], {"t": hourly}))
    assert turns(found) == [("opened", start / SECOND + 2)], (
        "the median is 22, the spread 0.5; of the next hour nothing is known"
    )
    assert found.value[0] == pytest.approx(3.2)


def test_the_same_hour_follows_the_local_clock() -> None:
    # 10:00 in New York on Monday, 9 March 2026, the day after the clock went forward; the Friday before it was UTC-5.
    hour = np.array([1773064800 // 3600])
    assert (hour - past_hours(hour, 3, "America/New_York"))[0].tolist() == [24, 47, 71]
    assert (hour - past_hours(hour, 2, "Asia/Kathmandu"))[0].tolist() == [24, 48]


def test_no_data_fires_by_the_clock_and_ends_at_the_next_reading() -> None:
    rule = compiled({"kind": "nodata", "quantity": "t", "for_seconds": 60})
    readings: Readings = [(0, {"t": 1}), (50 * SECOND, {"h": 1}), (100 * SECOND, {"t": 1})]
    _, found = evaluate(rule, States.new(rule, np.array([-1])), batch([Known(readings, [], 200 * SECOND)]))
    assert turns(found) == [("opened", 60), ("resolved", 100), ("opened", 160)]


def test_of_a_quantity_that_never_came_there_is_no_silence() -> None:
    rule = compiled({"kind": "nodata", "quantity": "t", "for_seconds": 60})
    _, found = evaluate(rule, States.new(rule, np.array([-1])), batch([Known([], [], HOUR)]))
    assert turns(found) == []


def test_arrivals_put_off_a_silence_of_late_readings() -> None:
    rule = compiled({"kind": "nodata", "quantity": "t", "for_seconds": 60})
    late = replace(batch([Known([(0, {"t": 1})], [], 200 * SECOND)]), heard=np.array([150 * SECOND]))
    states, found = evaluate(rule, States.new(rule, np.array([-1])), late)
    assert turns(found) == []
    _, found = evaluate(rule, states, replace(batch([Known([], [], 211 * SECOND)]), heard=np.array([150 * SECOND])))
    assert turns(found) == [("opened", 210)]


def test_offline_holds_by_the_clock() -> None:
    rule = compiled({"kind": "offline", "hold_seconds": 30})
    known = Known([], [(10 * SECOND, True), (20 * SECOND, False), (50 * SECOND, True)], 200 * SECOND)
    _, found = evaluate(rule, States.new(rule, np.array([-1])), batch([known]))
    assert turns(found) == [("opened", 80)]


WARM_AND_DAMP = [threshold(above=30), threshold(quantity="h", above=60)]


def test_all_needs_every_one_at_once_and_any_needs_one() -> None:
    readings: Readings = [
        (1 * SECOND, {"t": 31, "h": 50}),
        (2 * SECOND, {"h": 61}),
        (3 * SECOND, {"t": 29, "h": 61}),
        (4 * SECOND, {"h": 59}),
    ]
    both = run(compiled({"kind": "all", "conditions": WARM_AND_DAMP}), readings)
    assert turns(both) == [("opened", 2), ("resolved", 3)]
    assert both.by.tolist() == [1, 0]
    assert turns(run(compiled({"kind": "any", "conditions": WARM_AND_DAMP}), readings)) == [
        ("opened", 1),
        ("resolved", 4),
    ]


def test_a_schedule_says_when_a_condition_matters() -> None:
    schedule = {"zone": "America/Sao_Paulo", "weekdays": ["mon"], "start": "22:00", "end": "02:00"}
    rule = compiled(threshold(above=30), schedule)
    # Monday, 5 January 1970, 22:00 in São Paulo is Tuesday 01:00 UTC.
    readings: Readings = [(day * 24 * HOUR + hour * HOUR, {"t": 31}) for day in range(9) for hour in range(24)]
    expected = [("opened", (5 * 24 + 1) * 3600), ("resolved", (5 * 24 + 5) * 3600)]
    assert turns(run(rule, readings)) == expected
    whole_days = {"zone": "UTC", "weekdays": ["mon", "tue"], "start": "00:00", "end": "24:00"}
    assert turns(run(compiled(threshold(above=30), whole_days), readings)) == [
        ("opened", 96 * 3600),
        ("resolved", 144 * 3600),
    ]


def test_nothing_says_nothing() -> None:
    rule = compiled(threshold(above=30))
    states, found = evaluate(rule, States.new(rule, np.array([5])), batch([Known([], [], 5)]))
    assert (turns(found), states.time.tolist(), states.parts[0].last.tolist()) == ([], [5], [NEVER])
