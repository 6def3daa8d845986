"""Custom quantities: any further numeric key, registered when it is first sent, asked for like the others."""

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import post, post_many, readings, readings_of, stamp
from tests.contract.problems import assert_problem, assert_refused


def names(client: httpx.Client, user: User) -> list[str]:
    rows = client.get("/quantities", headers=user.headers).json()
    return [row["name"] for row in rows if row["custom"]]


@pytest.fixture
def own_server(newcomer: User, new_server: NewServer) -> Server:
    """A server in a workspace that has sent nothing yet."""
    return new_server(newcomer)


def test_a_further_number_is_stored_and_shown(client: httpx.Client, newcomer: User, own_server: Server) -> None:
    for second in range(3):
        stored = post(client, own_server, timestamp=stamp(seconds=second), temperature=20, pressure=1013 + second)
        assert stored["pressure"] == 1013 + second
    assert names(client, newcomer) == ["pressure"]
    rows = readings_of(client, newcomer, own_server)
    assert [(row["temperature"], row["pressure"]) for row in rows] == [(20, 1013), (20, 1014), (20, 1015)]


def test_it_is_filtered_and_averaged_like_the_four(client: httpx.Client, newcomer: User, own_server: Server) -> None:
    rows = [{"timestamp": stamp(seconds=s), "pressure": 1000 + s} for s in range(4)]
    post_many(client, own_server, [*rows, {"timestamp": stamp(seconds=9), "voltage": 5}])
    only = readings(client, newcomer, sensor_type="pressure")
    assert [row["pressure"] for row in only] == [1000, 1001, 1002, 1003]
    assert all("voltage" not in row for row in only)
    assert readings(client, newcomer, sensor_type="pressure", aggregation="minute") == [
        {"timestamp": stamp(), "pressure": 1001.5}
    ]
    assert readings(client, newcomer, aggregation="hour") == [{"timestamp": stamp(), "voltage": 5, "pressure": 1001.5}]


def test_it_merges_like_the_four(client: httpx.Client, newcomer: User, own_server: Server) -> None:
    post(client, own_server, timestamp=stamp(), flow=1, pressure=2)
    assert post(client, own_server, timestamp=stamp(), flow=3, humidity=50)["pressure"] == 2
    receipt = post_many(client, own_server, [{"timestamp": stamp(), "flow": 3}, {"timestamp": stamp(), "flow": 4}])
    assert (receipt["duplicates"], receipt["updated"]) == (1, 1)
    (row,) = readings_of(client, newcomer, own_server)
    assert {name: row[name] for name in ("humidity", "flow", "pressure")} == {"humidity": 50, "flow": 4, "pressure": 2}


@pytest.mark.parametrize(("sent", "meant"), [("temprature", "temperature"), ("humidty", "humidity")])
def test_a_slip_is_refused_with_what_was_meant(
    client: httpx.Client, user: User, server: Server, sent: str, meant: str
) -> None:
    body = {"server_ulid": server.ulid, "voltage": 1, sent: 2}
    problem = assert_refused(client.post("/data", json=body, headers=server.headers))
    assert problem["errors"] == [
        {"loc": ["body", sent], "msg": f"Unknown field; did you mean {meant}?", "type": "near_miss"}
    ]
    receipt = client.post("/data", json=[body, {**body, sent: None}], headers=server.headers).json()
    assert receipt["rejected"] == [{"index": 0, "detail": f"{sent}: Unknown field; did you mean {meant}?"}]
    assert len(readings_of(client, user, server)) == 1


@pytest.mark.parametrize("value", ['"wet"', "true", "[1]", "{}"])
def test_what_is_no_number_is_an_unknown_field(client: httpx.Client, user: User, server: Server, value: str) -> None:
    raw = f'{{"server_ulid": "{server.ulid}", "temperature": 1, "comment": {value}}}'
    headers = {**server.headers, "Content-Type": "application/json"}
    problem = assert_refused(client.post("/data", content=raw.encode(), headers=headers))
    assert problem["errors"][0]["loc"] == ["body", "comment"]
    assert problem["errors"][0]["type"] == "extra_forbidden"
    assert readings_of(client, user, server) == []


@pytest.mark.parametrize("name", ["Pressure", "dew point", "9lives", "é", "x" * 64, "a\u0000b"])
def test_an_odd_name_is_refused(client: httpx.Client, user: User, server: Server, name: str) -> None:
    body = {"server_ulid": server.ulid, "temperature": 1, name: 2}
    problem = assert_refused(client.post("/data", json=body, headers=server.headers))
    assert problem["errors"][0]["loc"] == ["body", name]
    assert readings_of(client, user, server) == []


@pytest.mark.parametrize("name", ["timestamp", "server_ulid"])
def test_no_quantity_is_called_as_what_stands_in_every_row(
    client: httpx.Client, newcomer: User, own_server: Server, name: str
) -> None:
    """A table may hold such a column beside the one that its sender names."""
    options = {"timestamp_column": "time", "server_column": "node"}
    body = f"node,time,{name},temperature\n{own_server.ulid},2026-01-31T12:00:00Z,,21.5\n{own_server.ulid},,7,22\n"
    headers = {**own_server.headers, "Content-Type": "text/csv"}
    receipt = client.post("/data", params=options, content=body, headers=headers).json()
    assert (receipt["accepted"], receipt["rejected_count"]) == (1, 1)
    assert receipt["rejected"] == [{"index": 1, "detail": f"{name}: No quantity may have this name"}]
    assert name not in names(client, newcomer)


def test_a_reading_of_thousands_of_new_quantities_is_refused_at_once(
    client: httpx.Client, newcomer: User, own_server: Server
) -> None:
    body = {"server_ulid": own_server.ulid, **{f"channel{number}_{number}": 1 for number in range(100_000)}}
    problem = assert_refused(client.post("/data", json=body, headers=own_server.headers))
    assert len(problem["errors"]) == 1000
    assert "99744" in problem["detail"], "all but those that were looked at"
    assert names(client, newcomer) == [], "what comes with a refused reading is no quantity"
    receipt = client.post("/data", json=[body], headers=own_server.headers).json()
    assert receipt["rejected_count"] == 1
    assert names(client, newcomer) == []


def test_a_workspace_has_at_most_a_hundred(client: httpx.Client, newcomer: User, own_server: Server) -> None:
    body = {"server_ulid": own_server.ulid, **{f"channel_{number}": number for number in range(100)}}
    assert client.post("/data", json=body, headers=own_server.headers).status_code == 201
    more = {"server_ulid": own_server.ulid, "one_more": 1}
    problem = assert_refused(client.post("/data", json=more, headers=own_server.headers))
    assert problem["errors"][0]["type"] == "too_many_quantities"
    assert len(names(client, newcomer)) == 100


def test_quantities_belong_to_their_workspace(
    client: httpx.Client, newcomer: User, own_server: Server, stranger: User
) -> None:
    post(client, own_server, salinity=3)
    assert "salinity" in names(client, newcomer)
    assert "salinity" not in names(client, stranger)
    problem = assert_problem(client.get("/data?sensor_type=salinity", headers=stranger.headers), 422)
    assert problem["errors"][0]["loc"][:2] == ["query", "sensor_type"]


def test_the_known_quantities_are_listed_with_their_units(client: httpx.Client, newcomer: User) -> None:
    rows = client.get("/quantities", headers=newcomer.headers).json()
    assert rows[0] == {"name": "temperature", "unit": "°C", "custom": False}
    assert [row["name"] for row in rows] == ["temperature", "humidity", "voltage", "current"]
