"""Bucket edges on the days on which clocks are set."""

import numpy as np
import pytest

from app.core.clock import format_microseconds, parse_instant, to_microseconds
from app.readings.calendar import HOUR, edges


def between(interval: str, zone: str, start: str, end: str) -> list[str]:
    bounds = (to_microseconds(parse_instant(text)) for text in (start, end))
    return [format_microseconds(edge).removesuffix(":00Z") for edge in edges(interval, zone, *bounds).tolist()]


def test_a_day_has_23_24_or_25_hours_in_sao_paulo() -> None:
    spring = between("1d", "America/Sao_Paulo", "2018-11-03T03:00:00", "2018-11-06T02:00:00")
    assert spring == ["2018-11-03T03:00", "2018-11-04T03:00", "2018-11-05T02:00", "2018-11-06T02:00"]
    autumn = between("day", "America/Sao_Paulo", "2018-02-17T02:00:00", "2018-02-19T03:00:00")
    assert autumn == ["2018-02-17T02:00", "2018-02-18T03:00", "2018-02-19T03:00"]


def test_the_day_that_apia_left_out_has_no_bucket() -> None:
    days = between("1d", "Pacific/Apia", "2011-12-29T10:00:00", "2012-01-01T10:00:00")
    assert days == ["2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00", "2012-01-01T10:00"]


def test_an_hour_of_lord_howe_ends_when_its_clock_is_set_by_half_an_hour() -> None:
    back = between("1h", "Australia/Lord_Howe", "2024-04-06T14:00:00", "2024-04-06T16:30:00")
    assert back == ["2024-04-06T14:00", "2024-04-06T15:00", "2024-04-06T15:30", "2024-04-06T16:30"]


@pytest.mark.parametrize(
    ("interval", "first", "last"),
    [
        ("15m", "2024-03-01T12:00", "2024-03-01T12:15"),
        ("1h", "2024-03-01T11:15", "2024-03-01T12:15"),
        ("6h", "2024-03-01T06:15", "2024-03-01T12:15"),
        ("1w", "2024-02-25T18:15", "2024-03-03T18:15"),
        ("1mo", "2024-02-29T18:15", "2024-03-31T18:15"),
        ("1y", "2023-12-31T18:15", "2024-12-31T18:15"),
    ],
)
def test_every_interval_follows_the_clock_of_kathmandu(interval: str, first: str, last: str) -> None:
    assert between(interval, "Asia/Kathmandu", "2024-03-01T12:01:00", "2024-03-01T12:02:00") == [first, last]


def test_the_ends_of_the_calendar_have_edges_too() -> None:
    for text in ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"):
        for zone in ("UTC", "Pacific/Apia", "America/New_York"):
            ts = to_microseconds(parse_instant(text))
            found = edges("1h", zone, ts, ts + 1)
            assert found[0] <= ts < found[-1]
            assert np.diff(found).max() <= HOUR
