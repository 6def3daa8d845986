"""GET /data: which readings it shows, in which order, and what it refuses to guess."""

from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import column, post, post_many, readings, readings_of, stamp
from tests.contract.problems import assert_refused

FIVE = [{"timestamp": stamp(minutes=minute), "temperature": minute} for minute in range(5)]


@pytest.fixture
def five(client: httpx.Client, server: Server) -> None:
    """Readings 0 to 4, one a minute from START on, sent in another order than theirs."""
    post_many(client, server, [FIVE[index] for index in (3, 0, 4, 1, 2)])


def ask(client: httpx.Client, user: User, **filters: Any) -> httpx.Response:
    return client.get("/data", params=filters, headers=user.headers)


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"start_time": stamp(minutes=2)}, [2, 3, 4]),
        ({"end_time": stamp(minutes=2)}, [0, 1, 2]),
        ({"start_time": stamp(minutes=1), "end_time": stamp(minutes=3)}, [1, 2, 3]),
        ({"start_time": stamp(minutes=2), "end_time": stamp(minutes=2)}, [2]),
        ({"start_time": stamp(minutes=2, microseconds=1)}, [3, 4]),
        ({"end_time": stamp(minutes=2, microseconds=-1)}, [0, 1]),
        ({"start_time": stamp(hours=1)}, []),
        ({"end_time": stamp(hours=-1)}, []),
        ({"start_time": "0001-01-01T00:00:00", "end_time": "9999-12-31T23:59:59.999999"}, [0, 1, 2, 3, 4]),
    ],
)
def test_both_bounds_are_inclusive_and_each_works_alone(
    client: httpx.Client, user: User, server: Server, bounds: dict[str, str], expected: list[int]
) -> None:
    assert column(readings_of(client, user, server, **bounds), "temperature") == expected


def test_nothing_found_is_an_empty_array(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    server = new_server(newcomer)
    for filters in ({}, {"server_ulid": server.ulid}, {"sensor_type": "humidity"}, {"aggregation": "hour"}):
        response = ask(client, newcomer, **filters)
        assert response.status_code == 200
        assert response.json() == []


def test_rows_ascend_over_all_servers(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    first, second = new_server(newcomer), new_server(newcomer)
    for minute in (4, 0, 2):
        post(client, first, timestamp=stamp(minutes=minute), temperature=minute)
    for minute in (3, 1):
        post(client, second, timestamp=stamp(minutes=minute), temperature=minute)
    rows = readings(client, newcomer)
    assert column(rows, "temperature") == [0, 1, 2, 3, 4]
    by_second = [row["temperature"] for row in rows if row["server_ulid"] == second.ulid]
    assert by_second == [1, 3]


def test_servers_can_be_chosen_one_or_several(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    servers = [new_server(newcomer) for _ in range(3)]
    for number, server in enumerate(servers):
        post(client, server, timestamp=stamp(minutes=number), temperature=number)
    assert column(readings(client, newcomer, server_ulid=servers[1].ulid), "temperature") == [1]
    both = [servers[0].ulid, servers[2].ulid]
    assert column(readings(client, newcomer, server_ulid=both), "temperature") == [0, 2]
    assert column(readings(client, newcomer, server_ulid=[both[0], both[0]]), "temperature") == [0]
    assert column(readings(client, newcomer), "temperature") == [0, 1, 2]


def test_a_quantity_alone_shows_only_its_rows_and_its_key(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(minutes=0), temperature=1, humidity=50)
    post(client, server, timestamp=stamp(minutes=1), humidity=51)
    post(client, server, timestamp=stamp(minutes=2), temperature=0)
    assert readings_of(client, user, server, sensor_type="temperature") == [
        {"timestamp": stamp(minutes=0), "server_ulid": server.ulid, "temperature": 1},
        {"timestamp": stamp(minutes=2), "server_ulid": server.ulid, "temperature": 0},
    ]


def test_several_quantities_show_rows_that_have_any_of_them(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(minutes=0), temperature=1, humidity=50, voltage=3)
    post(client, server, timestamp=stamp(minutes=1), voltage=4)
    post(client, server, timestamp=stamp(minutes=2), humidity=52)
    rows = readings_of(client, user, server, sensor_type=["temperature", "humidity"])
    assert rows == [
        {"timestamp": stamp(minutes=0), "server_ulid": server.ulid, "temperature": 1, "humidity": 50},
        {"timestamp": stamp(minutes=2), "server_ulid": server.ulid, "humidity": 52},
    ]


@pytest.mark.usefixtures("five")
def test_filters_work_together(client: httpx.Client, user: User, server: Server, new_server: NewServer) -> None:
    post(client, new_server(user), timestamp=stamp(minutes=3), temperature=99)
    rows = readings(
        client,
        user,
        server_ulid=server.ulid,
        start_time=stamp(minutes=2),
        end_time=stamp(minutes=3),
        sensor_type="temperature",
    )
    assert column(rows, "temperature") == [2, 3]


@pytest.mark.parametrize(
    ("name", "value"),
    [("sensor_type", "pressure"), ("sensor_type", ""), ("sensor_type", "Temperature"), ("aggregation", "fortnight"),
     ("aggregation", ""), ("aggregation", "HOUR"), ("group_by", "colour"), ("start_time", "soon"), ("end_time", "")],
)  # fmt: skip
def test_a_value_outside_of_its_choices_is_refused_by_name(
    client: httpx.Client, user: User, name: str, value: str
) -> None:
    assert_refused(ask(client, user, **{name: value}), name)


def test_one_bad_quantity_among_good_ones_is_refused(client: httpx.Client, user: User) -> None:
    assert_refused(ask(client, user, sensor_type=["temperature", "pressure"]), "sensor_type")


def test_a_start_after_the_end_is_refused(client: httpx.Client, user: User) -> None:
    for more in ({}, {"aggregation": "hour"}):
        response = ask(client, user, start_time=stamp(seconds=1), end_time=stamp(), **more)
        assert_refused(response)


@pytest.mark.parametrize("name", ["sensor", "start", "server", "Start_time", "page", "__proto__", "lim it"])
def test_an_unknown_parameter_is_named(client: httpx.Client, user: User, name: str) -> None:
    assert_refused(ask(client, user, **{name: "1"}), name)


@pytest.mark.parametrize("ulid", ["", "abc", "!" * 26, "\u0000", "8" + "Z" * 25])
def test_a_query_for_what_is_no_ulid_is_refused(client: httpx.Client, user: User, ulid: str) -> None:
    assert ask(client, user, server_ulid=ulid).status_code in (404, 422)


@pytest.mark.parametrize("value", [25.3, 0.1, 1e-9, 123456.789, -0.30000000000000004, 3, 1e15])
def test_a_stored_value_comes_back_as_it_was(client: httpx.Client, user: User, server: Server, value: float) -> None:
    post(client, server, timestamp=stamp(), voltage=value)
    assert readings_of(client, user, server)[0]["voltage"] == value
