"""Simulated readings are the same for everyone and look like those of real servers."""

import statistics
from collections.abc import Iterator

import pytest

from app.cli.curves import NOMINAL_VOLTS, OUTAGE_SECONDS, Plant

# Monday 2026-03-02 03:00 UTC is midnight in São Paulo.
MONDAY = 1_772_420_400.0
HOUR, DAY = 3600.0, 86_400.0
RANGES = {"temperature": (10, 40), "humidity": (5, 99.9), "voltage": (115, 235), "current": (0.3, 15)}


def sampled(plant: Plant, begin: float, end: float, step: float) -> Iterator[dict[str, float]]:
    for number in range(round((end - begin) / step)):
        yield plant.reading(begin + number * step)


def mean(plant: Plant, quantity: str, begin: float, end: float) -> float:
    return statistics.fmean(reading[quantity] for reading in sampled(plant, begin, end, 60.0))


def test_the_same_seed_gives_the_same_values_on_every_machine() -> None:
    assert Plant(7, 3).reading(MONDAY + 0.25) == Plant(7, 3).reading(MONDAY + 0.25)
    # A written-down value: another process, machine or Python version must not draw another curve.
    written_down = {"temperature": 19.45, "humidity": 64.4, "voltage": 219.8, "current": 1.25}
    assert Plant(7, 3).reading(MONDAY + 0.25) == written_down


def test_seed_number_and_instant_each_change_the_values() -> None:
    plain = Plant(7, 3).reading(MONDAY)
    others = [Plant(8, 3).reading(MONDAY), Plant(7, 4).reading(MONDAY), Plant(7, 3).reading(MONDAY + 1e-6)]
    assert all(other != plain for other in others)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_year_stays_within_what_a_server_room_sees(number: int) -> None:
    for reading in sampled(Plant(1, number), MONDAY, MONDAY + 365 * DAY, 5 * HOUR):
        assert set(reading) == set(RANGES)
        for quantity, (low, high) in RANGES.items():
            assert low <= reading[quantity] <= high, (quantity, reading)


@pytest.mark.parametrize("number", [1, 2])
def test_mains_stay_near_their_nominal_voltage(number: int) -> None:
    nominal = NOMINAL_VOLTS[number % 2]
    for reading in sampled(Plant(1, number), MONDAY, MONDAY + 7 * DAY, 600.0):
        assert reading["voltage"] == pytest.approx(nominal, rel=0.06)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_humidity_falls_when_it_gets_warmer(number: int) -> None:
    readings = list(sampled(Plant(1, number), MONDAY, MONDAY + DAY, 60.0))
    warmth, damp = ([reading[name] for reading in readings] for name in ("temperature", "humidity"))
    assert statistics.correlation(warmth, damp) < -0.8


@pytest.mark.parametrize("number", [1, 2, 3])
def test_afternoons_are_warmer_than_nights(number: int) -> None:
    plant = Plant(1, number)
    night = mean(plant, "temperature", MONDAY + 2 * HOUR, MONDAY + 4 * HOUR)
    afternoon = mean(plant, "temperature", MONDAY + 14 * HOUR, MONDAY + 16 * HOUR)
    assert afternoon - night > 2.0


@pytest.mark.parametrize("number", [1, 2, 3])
def test_current_follows_the_working_day_and_pulls_the_voltage_down(number: int) -> None:
    plant = Plant(1, number)
    night = MONDAY + 2 * HOUR, MONDAY + 5 * HOUR
    office = MONDAY + 10 * HOUR, MONDAY + 16 * HOUR
    sunday = tuple(instant + 6 * DAY for instant in office)
    assert mean(plant, "current", *office) > 1.5 * mean(plant, "current", *night)
    assert mean(plant, "current", *office) > 1.25 * mean(plant, "current", *sunday)
    assert mean(plant, "voltage", *office) < mean(plant, "voltage", *night)


def test_noise_is_there_and_is_small() -> None:
    steps = list(sampled(Plant(1, 1), MONDAY, MONDAY + 60.0, 0.5))
    temperatures = [reading["temperature"] for reading in steps]
    assert 0.02 < statistics.stdev(temperatures) < 0.1


def test_about_one_reading_in_two_hundred_gets_lost() -> None:
    plant = Plant(1, 1)
    lost = sum(plant.dropped(MONDAY + number) for number in range(20_000))
    # Expected 100, standard deviation 10.
    assert 60 <= lost <= 140


def test_an_outage_is_a_few_minutes_in_one_piece() -> None:
    step = 20.0
    silent = [Plant(1, 2).silent(MONDAY + number * step) for number in range(round(10 * DAY / step))]
    lengths = [len(run) * step for run in "".join("x" if quiet else " " for quiet in silent).split()]
    # Expected 60 in 240 hours, standard deviation under 7.
    assert 35 <= len(lengths) <= 85
    shortest, longest = OUTAGE_SECONDS
    # Two outages of neighbouring hours may touch.
    assert all(shortest - step <= length <= 2 * longest + step for length in lengths)
