from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ArrivalClock, format_instant, format_microseconds, parse_instant, to_microseconds

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS))
def test_any_instant_with_an_offset_is_read_exactly(moment: datetime) -> None:
    assert parse_instant(moment.isoformat()) == moment


@given(st.datetimes(datetime(1, 1, 1)))
def test_an_instant_without_offset_is_utc(moment: datetime) -> None:
    assert parse_instant(moment.isoformat()) == moment.replace(tzinfo=UTC)


@given(st.datetimes(datetime(1, 1, 1), timezones=st.just(UTC)))
def test_what_goes_out_comes_back(moment: datetime) -> None:
    text = format_instant(moment)
    assert text.endswith("Z")
    assert parse_instant(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "1767225600",
        "yesterday",
        "2026-02-30T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T12:00:00.1234567Z",
        "2026-01-31T12:00:00+99:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "２０２６-01-31T12:00:00Z",
    ],
)
def test_other_text_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


@pytest.mark.parametrize("value", [0, 1767225600, 1.5, None, True, datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_is_no_text_is_no_instant(value: object) -> None:
    with pytest.raises(ValueError):
        parse_instant(value)


def test_arrivals_never_repeat_and_stay_near_the_clock() -> None:
    clock = ArrivalClock()
    before = to_microseconds(datetime.now(UTC)) - 1000
    instants = [clock.next() for _ in range(20_000)]
    assert instants == sorted(set(instants))
    assert before < instants[0] < to_microseconds(datetime.now(UTC)) + 1000


@given(st.datetimes(datetime(1, 1, 1), timezones=st.just(UTC)))
def test_microseconds_name_the_same_instant(moment: datetime) -> None:
    assert format_microseconds(to_microseconds(moment)) == format_instant(moment)
