"""Which names are slips of known ones."""

import pytest

from app.readings.quantities import NAMES
from app.readings.registry import near_miss

KNOWN = (*NAMES, "pressure", "power_min", "co2", "phase_one")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("temprature", "temperature"), ("tempertaure", "temperature"), ("temperatures", "temperature"),
        ("humidty", "humidity"), ("curent", "current"), ("voltag", "voltage"), ("volt_age", "voltage"),
        ("voltage_", "voltage"), ("volatge2", "voltage"), ("presure", "pressure"), ("powr_min", "power_min"),
    ],
)  # fmt: skip
def test_a_slip_names_what_was_meant(name: str, meant: str) -> None:
    assert near_miss(name, KNOWN) == meant


@pytest.mark.parametrize(
    "name",
    [
        "voltage2", "voltage_2", "current_a", "current_b", "power_max", "phase_two", "co", "temp", "dew_point",
        "temperature_outside", "battery_voltage", "flow",
    ],
)  # fmt: skip
def test_what_differs_on_purpose_is_no_slip(name: str) -> None:
    assert near_miss(name, KNOWN) is None
