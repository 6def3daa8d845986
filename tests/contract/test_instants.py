"""Instants in bodies and queries: ISO 8601 with or without offset, out in UTC; nothing else is an instant."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import moment, post, readings_of, stamp
from tests.contract.problems import assert_refused

SPELLINGS = {
    "2024-05-01T10:00:00Z": "2024-05-01T10:00:00+00:00",
    "2024-05-01T10:00:00": "2024-05-01T10:00:00+00:00",
    "2024-05-01T07:00:00-03:00": "2024-05-01T10:00:00+00:00",
    "2024-05-01T15:45:00+05:45": "2024-05-01T10:00:00+00:00",
    "2024-05-01T23:30:00-03:00": "2024-05-02T02:30:00+00:00",
    "2024-05-01T10:00:00+00:00": "2024-05-01T10:00:00+00:00",
    "2024-05-01T10:00:00.5Z": "2024-05-01T10:00:00.500000+00:00",
    "2024-05-01T10:00:00.123": "2024-05-01T10:00:00.123000+00:00",
    "2024-05-01T10:00:00.123456Z": "2024-05-01T10:00:00.123456+00:00",
    "2024-02-29T23:59:59.999999-03:00": "2024-03-01T02:59:59.999999+00:00",
    "1970-01-01T00:00:00Z": "1970-01-01T00:00:00+00:00",
    "2100-01-01T00:00:00Z": "2100-01-01T00:00:00+00:00",
}
NO_INSTANTS: list[Any] = [
    1714557600, 1714557600.5, 0, True, "1714557600", "2024-05-01", "20240501", "10:00:00", "yesterday", "now", "", " ",
    "2024-05-01T25:00:00Z", "2024-02-30T10:00:00Z", "2024-13-01T10:00:00Z", "2024-05-01T10:61:00Z",
    "24-05-01T10:00:00Z",
    "2024-05-01T10:00:00+25:00", "2024-05-01T10:00:00 UTC+", [], {}, "01/05/2024 10:00", "P1D", "infinity", "\u0000",
]  # fmt: skip
# In year 1 and year 9999 an offset leads out of the calendar.
BEYOND_THE_CALENDAR = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "10000-01-01T00:00:00Z"]


@pytest.mark.parametrize("text", SPELLINGS)
def test_an_instant_is_shown_in_utc_whatever_its_offset(
    client: httpx.Client, user: User, server: Server, text: str
) -> None:
    expected = datetime.fromisoformat(SPELLINGS[text])
    stored = post(client, server, timestamp=text, temperature=1)
    assert moment(stored["timestamp"]) == expected
    assert moment(readings_of(client, user, server)[0]["timestamp"]) == expected


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_bound_in_any_spelling_finds_its_reading(client: httpx.Client, user: User, server: Server, text: str) -> None:
    post(client, server, timestamp=text, temperature=1)
    assert len(readings_of(client, user, server, start_time=text, end_time=text)) == 1


@pytest.mark.parametrize("value", [*NO_INSTANTS, *BEYOND_THE_CALENDAR])
def test_what_is_no_instant_is_refused_and_nothing_stored(
    client: httpx.Client, user: User, server: Server, value: Any
) -> None:
    body = {"server_ulid": server.ulid, "timestamp": value, "temperature": 1}
    assert_refused(client.post("/data", json=body, headers=server.headers), "timestamp")
    assert readings_of(client, user, server) == []


@pytest.mark.parametrize("bound", ["start_time", "end_time"])
def test_what_is_no_instant_is_no_bound(client: httpx.Client, user: User, bound: str) -> None:
    for value in [*NO_INSTANTS, *BEYOND_THE_CALENDAR]:
        if isinstance(value, list | dict | bool):
            continue
        response = client.get("/data", params={bound: value}, headers=user.headers)
        assert_refused(response, bound)


@pytest.mark.parametrize("sign", ["+", "%2B"])
def test_a_plus_in_a_bound_needs_no_escape(client: httpx.Client, user: User, server: Server, sign: str) -> None:
    post(client, server, timestamp=stamp(), temperature=1)
    post(client, server, timestamp=stamp(hours=1), temperature=2)
    bounds = f"start_time=2024-05-01T15:30:00{sign}05:30&end_time=2024-05-01T12:59:59.5{sign}02:00"
    rows = client.get(f"/data?server_ulid={server.ulid}&{bounds}", headers=user.headers).json()
    assert [row["temperature"] for row in rows] == [1]


def test_a_reading_near_midnight_falls_on_the_utc_day(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp="2024-05-01T20:59:59-03:00", temperature=1)
    post(client, server, timestamp="2024-05-01T21:00:00-03:00", temperature=2)
    days = readings_of(client, user, server, aggregation="day")
    assert [(moment(row["timestamp"]), row["temperature"]) for row in days] == [
        (datetime(2024, 5, 1, tzinfo=UTC), 1),
        (datetime(2024, 5, 2, tzinfo=UTC), 2),
    ]
