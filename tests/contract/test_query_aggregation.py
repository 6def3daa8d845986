"""GET /data?aggregation=…: means of calendar intervals, in which what is absent stays absent."""

import re
from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, column, post, post_many, readings, readings_of, stamp


def at(row: Row) -> tuple[str, Any]:
    return row["timestamp"], row["temperature"]


def send(client: httpx.Client, server: Server, values: dict[float, float]) -> None:
    """Temperatures by seconds after START."""
    post_many(client, server, [{"timestamp": stamp(seconds=s), "temperature": value} for s, value in values.items()])


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("minute", [(stamp(), 15), (stamp(minutes=1), 30), (stamp(hours=1), 40), (stamp(hours=14), 50)]),
        ("hour", [(stamp(), 20), (stamp(hours=1), 40), (stamp(hours=14), 50)]),
        ("day", [(stamp(hours=-10), 25), (stamp(hours=14), 50)]),
    ],
)
def test_an_interval_shows_the_mean_at_its_start(
    client: httpx.Client, user: User, server: Server, aggregation: str, expected: list[tuple[str, int]]
) -> None:
    send(client, server, {0: 10, 59.999999: 20, 60: 30, 3_600: 40, 14 * 3_600: 50})
    assert [at(row) for row in readings_of(client, user, server, aggregation=aggregation)] == expected


def test_an_interval_belongs_to_its_start_not_to_its_end(client: httpx.Client, user: User, server: Server) -> None:
    send(client, server, {-0.000001: 1, 0: 2, 3_599.999999: 3, 3_600: 4})
    hours = readings_of(client, user, server, aggregation="hour")
    assert [at(row) for row in hours] == [(stamp(hours=-1), 1), (stamp(), 2.5), (stamp(hours=1), 4)]


def test_bounds_cut_readings_not_intervals_and_are_inclusive(client: httpx.Client, user: User, server: Server) -> None:
    send(client, server, {600: 1, 1_200: 2, 1_800: 3, 2_400: 4})
    rows = readings_of(
        client,
        user,
        server,
        aggregation="hour",
        start_time=stamp(seconds=1_200),
        end_time=stamp(seconds=1_800),
    )
    assert [at(row) for row in rows] == [(stamp(), 2.5)]
    alone = readings_of(client, user, server, aggregation="hour", start_time=stamp(seconds=1_200))
    assert [at(row) for row in alone] == [(stamp(), 3)]
    alone = readings_of(client, user, server, aggregation="hour", end_time=stamp(seconds=1_200))
    assert [at(row) for row in alone] == [(stamp(), 1.5)]


def test_empty_intervals_are_absent(client: httpx.Client, user: User, server: Server) -> None:
    send(client, server, {0: 1, 5 * 3_600: 2})
    assert len(readings_of(client, user, server, aggregation="hour")) == 2


def test_nulls_are_no_zeros(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(seconds=1), temperature=10, humidity=40)
    post(client, server, timestamp=stamp(seconds=2), temperature=20)
    post(client, server, timestamp=stamp(seconds=3), humidity=60)
    post(client, server, timestamp=stamp(seconds=4), voltage=0)
    (row,) = readings_of(client, user, server, aggregation="hour")
    assert row == {"timestamp": stamp(), "temperature": 15, "humidity": 50, "voltage": 0} | _server_of(row)


def _server_of(row: Row) -> Row:
    """An interval of one server may say whose it is; nothing here depends on it."""
    return {"server_ulid": row["server_ulid"]} if "server_ulid" in row else {}


def test_a_sensor_that_is_absent_from_an_interval_is_absent(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=10)
    post(client, server, timestamp=stamp(hours=1), humidity=60)
    first, second = readings_of(client, user, server, aggregation="hour")
    assert "humidity" not in first
    assert "temperature" not in second


def test_a_quantity_alone_shows_only_intervals_that_have_it(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp=stamp(), temperature=10, humidity=50)
    post(client, server, timestamp=stamp(hours=1), humidity=60)
    (row,) = readings_of(client, user, server, aggregation="hour", sensor_type="temperature")
    assert row == {"timestamp": stamp(), "temperature": 10} | _server_of(row)
    rows = readings_of(client, user, server, aggregation="hour", sensor_type=["temperature", "humidity"])
    assert [row.get("humidity") for row in rows] == [50, 60]


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([25.2, 25.3, 25.4], "25.3"),
        ([0.1, 0.2], "0.15"),
        ([0.1] * 10, "0.1"),
        ([1.1, 2.2, 3.3], "2.2"),
        ([22.35, 22.45], "22.4"),
        ([1, 2], "1.5"),
    ],
)
def test_a_mean_shows_no_float_noise(
    client: httpx.Client, user: User, server: Server, values: list[float], mean: str
) -> None:
    send(client, server, dict(enumerate(values)))
    for aggregation in ("minute", "hour", "day"):
        params = {"server_ulid": server.ulid, "aggregation": aggregation}
        text = client.get("/data", params=params, headers=user.headers).text
        shown = re.findall(r'"temperature":\s*([^,}\s]+)', text)
        assert shown == [mean], "as it stands on the wire, before a parser rounds it"


def test_a_mean_keeps_twelve_significant_digits(client: httpx.Client, user: User, server: Server) -> None:
    send(client, server, {0: 1, 1: 1, 2: 2})
    assert readings_of(client, user, server, aggregation="hour")[0]["temperature"] == pytest.approx(4 / 3, rel=1e-11)


def test_all_servers_together_are_averaged_over_readings_not_over_servers(
    client: httpx.Client, newcomer: User, new_server: NewServer
) -> None:
    busy, quiet = new_server(newcomer), new_server(newcomer)
    send(client, busy, {0: 10, 1: 10, 2: 10})
    send(client, quiet, {0: 20})
    assert column(readings(client, newcomer, aggregation="hour"), "temperature") == [12.5]
    both = [busy.ulid, quiet.ulid]
    assert column(readings(client, newcomer, aggregation="hour", server_ulid=both), "temperature") == [12.5]
    assert column(readings_of(client, newcomer, quiet, aggregation="hour"), "temperature") == [20]


def test_grouped_by_server_each_has_its_own_row(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    busy, quiet = new_server(newcomer), new_server(newcomer)
    send(client, busy, {0: 10, 1: 20, 3_600: 30})
    send(client, quiet, {0: 40})
    rows = readings(client, newcomer, aggregation="hour", group_by="server")
    assert column(rows, "timestamp") == sorted(column(rows, "timestamp"))
    found = {(row["server_ulid"], row["timestamp"]): row["temperature"] for row in rows}
    assert found == {
        (busy.ulid, stamp()): 15,
        (quiet.ulid, stamp()): 40,
        (busy.ulid, stamp(hours=1)): 30,
    }


def test_days_before_1970_begin_at_midnight_too(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, timestamp="1969-12-31T23:59:59Z", temperature=1)
    post(client, server, timestamp="1960-02-29T13:14:15Z", temperature=2)
    rows = readings_of(client, user, server, aggregation="day")
    assert [at(row) for row in rows] == [("1960-02-29T00:00:00Z", 2), ("1969-12-31T00:00:00Z", 1)]
