"""`GET /fleet`: state, newest values and sparklines in one answer whose cost is bounded."""

import itertools
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.fleet.service import SPARKLINE_POINTS, SPARKLINE_STEP, state_of
from tests.conftest import NewServer, NewUser, User


@pytest.fixture
def user(new_user: NewUser) -> User:
    """Somebody with a workspace that holds nothing."""
    return new_user()


def instant(age: timedelta) -> str:
    return (datetime.now(UTC) - age).isoformat()


def test_an_empty_workspace_has_an_empty_fleet(client: httpx.Client, user: User) -> None:
    fleet = client.get("/fleet", headers=user.headers).raise_for_status().json()
    assert fleet["servers"] == []
    assert abs((datetime.fromisoformat(fleet["now"]) - datetime.now(UTC)).total_seconds()) < 60


def test_a_server_that_never_sent_is_offline_and_bare(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    (row,) = client.get("/fleet", headers=user.headers).json()["servers"]
    assert (row["server_ulid"], row["state"], row["last_seen"]) == (server.ulid, "offline", None)
    assert (row["values"], row["sparklines"]) == ({}, {})


def test_the_newest_value_of_each_quantity_shows_though_they_came_apart(
    client: httpx.Client, user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    rows = [
        {"timestamp": instant(timedelta(seconds=9)), "temperature": 20.5, "humidity": 40},
        {"timestamp": instant(timedelta(seconds=6)), "humidity": 41},
        {"timestamp": instant(timedelta(seconds=3)), "pressure": 1013.2},
    ]
    body = [{"server_ulid": server.ulid, **row} for row in rows]
    client.post("/data", json=body, headers=server.headers).raise_for_status()
    (row,) = client.get("/fleet", headers=user.headers).json()["servers"]
    assert row["values"] == {"temperature": 20.5, "humidity": 41.0, "pressure": 1013.2}
    assert row["state"] == "online"


def test_a_sparkline_has_a_reading_of_each_interval_and_null_where_there_was_none(
    client: httpx.Client, user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    step = SPARKLINE_STEP.total_seconds()
    begun = datetime.now(UTC).timestamp() // step * step
    sent = {4: 24.0, 3: 23.0, 1: 21.0}
    body = [
        {"server_ulid": server.ulid, "timestamp": datetime.fromtimestamp(begun - back * step + second, UTC).isoformat()}
        | {"temperature": value + second}
        for back, value in sent.items()
        for second in (1, 2, 3)
    ]
    body += [{"server_ulid": server.ulid, "timestamp": instant(timedelta(hours=1)), "temperature": 99.0}]
    client.post("/data", json=body, headers=server.headers).raise_for_status()
    fleet = client.get("/fleet", headers=user.headers).json()
    line = fleet["servers"][0]["sparklines"]["temperature"]
    assert len(line) == SPARKLINE_POINTS
    assert fleet["sparkline_seconds"] == step
    # The first reading of each interval; the clock may have begun another interval meanwhile.
    present = [value for value in line if value is not None]
    assert present == [25.0, 24.0, 22.0]
    places = [place for place, value in enumerate(line) if value is not None]
    assert [after - before for before, after in itertools.pairwise(places)] == [1, 2]


def test_pages_go_by_name_and_miss_nobody(client: httpx.Client, user: User, new_server: NewServer) -> None:
    names = sorted(new_server(user).name for _ in range(5))
    url, seen = "/fleet?limit=2", []
    while url:
        answer = client.get(url, headers=user.headers).raise_for_status()
        seen += [row["server_name"] for row in answer.json()["servers"]]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == names


def test_another_workspace_s_servers_are_not_in_it(
    client: httpx.Client, user: User, new_user: NewUser, new_server: NewServer
) -> None:
    new_server(new_user())
    assert client.get("/fleet", headers=user.headers).json()["servers"] == []


@pytest.mark.parametrize(
    ("silence", "limit", "state"),
    [(None, 10, "offline"), (0.0, 10, "online"), (5.0, 10, "online"), (5.1, 10, "late"), (10.1, 10, "offline")],
)
def test_the_state_follows_silence_and_limit(silence: float | None, limit: int, state: str) -> None:
    assert state_of(silence, limit) == state
