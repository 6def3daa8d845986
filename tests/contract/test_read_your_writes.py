"""What was acknowledged is in the next answer, whichever process answers and whatever it had cached."""

from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, column, connect, post, post_many, readings, stamp
from tests.system import System

# The range has ended long ago: it may be cached.
CLOSED = {"start_time": stamp(hours=-10), "end_time": stamp(hours=14)}
SHAPES: list[dict[str, Any]] = [
    {},
    {"aggregation": "hour"},
    {"aggregation": "day", "sensor_type": "temperature"},
    {"aggregation": "hour", "group_by": "server"},
]
# Each connection may land on another process; each has been asked before, so that each may have cached.
ASKS = 4


def ask_everywhere(system: System, user: User, **filters: Any) -> list[Row]:
    """The answer of connection after connection; all alike, or the test fails."""
    answers = []
    for _ in range(ASKS):
        with connect(system) as client:
            answers.append(readings(client, user, **filters))
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


@pytest.fixture
def own_server(newcomer: User, new_server: NewServer) -> Server:
    """The only server of its workspace."""
    return new_server(newcomer)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("chosen", [False, True], ids=["all servers", "one server"])
def test_an_old_reading_shows_in_a_closed_range_that_was_cached(
    client: httpx.Client, system: System, newcomer: User, own_server: Server, shape: dict[str, Any], chosen: bool
) -> None:
    filters = {**CLOSED, **shape, **({"server_ulid": own_server.ulid} if chosen else {})}
    total = 0
    for count in range(1, 4):
        total += count
        post(client, own_server, timestamp=stamp(minutes=count), temperature=count)
        rows = ask_everywhere(system, newcomer, **filters)
        expected = total / count if "aggregation" in shape else count
        shown = rows[-1]["temperature"]
        assert shown == pytest.approx(expected)
        assert len(rows) == (1 if "aggregation" in shape else count)


def test_a_changed_value_shows_in_a_closed_range_that_was_cached(
    client: httpx.Client, system: System, newcomer: User, own_server: Server
) -> None:
    for temperature in (20, 21, 20, 22):
        post(client, own_server, timestamp=stamp(), temperature=temperature)
        assert column(ask_everywhere(system, newcomer, **CLOSED), "temperature") == [temperature]


def test_an_array_of_old_readings_shows_in_a_closed_range_that_was_cached(
    client: httpx.Client, system: System, newcomer: User, own_server: Server
) -> None:
    assert ask_everywhere(system, newcomer, **CLOSED, server_ulid=own_server.ulid) == []
    post_many(client, own_server, [{"timestamp": stamp(seconds=s), "temperature": s} for s in range(20)])
    assert len(ask_everywhere(system, newcomer, **CLOSED, server_ulid=own_server.ulid)) == 20


def test_a_new_server_shows_in_a_closed_range_that_was_cached(
    client: httpx.Client, system: System, newcomer: User, new_server: NewServer
) -> None:
    post(client, new_server(newcomer), timestamp=stamp(minutes=1), temperature=1)
    assert column(ask_everywhere(system, newcomer, **CLOSED), "temperature") == [1]
    post(client, new_server(newcomer), timestamp=stamp(minutes=2), temperature=2)
    assert column(ask_everywhere(system, newcomer, **CLOSED), "temperature") == [1, 2]


def test_a_fresh_reading_shows_at_once_everywhere(
    client: httpx.Client, system: System, newcomer: User, own_server: Server
) -> None:
    for count in range(1, 6):
        post(client, own_server, temperature=count)
        assert column(ask_everywhere(system, newcomer), "temperature") == list(range(1, count + 1))


def test_the_same_answer_comes_with_and_without_the_cache(
    client: httpx.Client, system: System, newcomer: User, own_server: Server
) -> None:
    post_many(client, own_server, [{"timestamp": stamp(minutes=m), "temperature": m / 7} for m in range(300)])
    cached = ask_everywhere(system, newcomer, **CLOSED, aggregation="hour")
    # An end in the future keeps the range open: it is read anew.
    uncached = readings(
        client, newcomer, start_time=CLOSED["start_time"], end_time="2100-01-01T00:00:00", aggregation="hour"
    )
    assert cached == uncached
