"""POST /data with one reading: what is stored, what is refused, and that a refusal leaves nothing."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import bearer, moment, new_key, post, readings_of, stamp
from tests.contract.problems import assert_problem, assert_refused

QUANTITIES = {"temperature": 22.5, "humidity": 51.25, "voltage": 230.1, "current": 1.75}


def send(client: httpx.Client, server: Server, raw: str) -> httpx.Response:
    """POST a reading whose members besides the server are this JSON text."""
    content = f'{{"server_ulid": "{server.ulid}", {raw}}}'.encode()
    return client.post("/data", content=content, headers={**server.headers, "Content-Type": "application/json"})


def test_a_reading_is_answered_and_shown_as_stored(client: httpx.Client, user: User, server: Server) -> None:
    stored = post(client, server, timestamp=stamp(), **QUANTITIES)
    assert stored["server_ulid"] == server.ulid
    assert stored["timestamp"] == stamp()
    assert {name: stored[name] for name in QUANTITIES} == QUANTITIES
    assert readings_of(client, user, server) == [{"timestamp": stamp(), "server_ulid": server.ulid, **QUANTITIES}]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_one_value_is_enough_and_the_others_stay_absent(
    client: httpx.Client, user: User, server: Server, quantity: str
) -> None:
    post(client, server, timestamp=stamp(), **{quantity: 1.5})
    assert readings_of(client, user, server) == [{"timestamp": stamp(), "server_ulid": server.ulid, quantity: 1.5}]


def test_device_user_and_key_may_write(client: httpx.Client, user: User, server: Server) -> None:
    key = new_key(client, user)["key"]
    for number, headers in enumerate((server.headers, user.headers, bearer(key))):
        body = {"server_ulid": server.ulid, "timestamp": stamp(seconds=number), "temperature": number}
        assert client.post("/data", json=body, headers=headers).status_code == 201
    assert [row["temperature"] for row in readings_of(client, user, server)] == [0, 1, 2]


def test_anonymous_and_made_up_credentials_may_not(anonymous: httpx.Client, user: User, server: Server) -> None:
    body = {"server_ulid": server.ulid, "temperature": 1}
    assert_problem(anonymous.post("/data", json=body), 401)
    for credential in ("snt_d_" + "0" * 40, server.device_key[:-1], server.device_key + "0"):
        assert_problem(anonymous.post("/data", json=body, headers=bearer(credential)), 401)
    assert readings_of(anonymous, user, server) == []


def test_without_timestamp_the_arrival_counts(client: httpx.Client, user: User, server: Server) -> None:
    before = datetime.now(UTC)
    stored = post(client, server, temperature=1)
    after = datetime.now(UTC)
    assert before - timedelta(milliseconds=1) <= moment(stored["timestamp"]) <= after
    assert readings_of(client, user, server)[0]["timestamp"] == stored["timestamp"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_zero_is_a_value(client: httpx.Client, user: User, server: Server, quantity: str) -> None:
    post(client, server, timestamp=stamp(), **{quantity: 0})
    assert readings_of(client, user, server)[0][quantity] == 0


@pytest.mark.parametrize(
    "raw", ['"timestamp": "2024-05-01T10:00:00Z"', '"temperature": null', '"humidity": null, "current": null']
)
def test_a_reading_without_a_value_is_refused(client: httpx.Client, user: User, server: Server, raw: str) -> None:
    assert_problem(send(client, server, raw), 422)
    assert readings_of(client, user, server) == []


def test_a_null_beside_a_value_is_absent(client: httpx.Client, user: User, server: Server) -> None:
    assert send(client, server, f'"timestamp": "{stamp()}", "temperature": 1, "humidity": null').status_code == 201
    assert readings_of(client, user, server) == [{"timestamp": stamp(), "server_ulid": server.ulid, "temperature": 1}]


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("humidity", 0), ("humidity", 100), ("temperature", -273.15), ("temperature", 1e6), ("voltage", -12.5),
     ("current", -0.001), ("temperature", 1e-300), ("voltage", 0.1 + 0.2)],
)  # fmt: skip
def test_values_at_the_edge_are_stored_exactly(
    client: httpx.Client, user: User, server: Server, quantity: str, value: float
) -> None:
    post(client, server, timestamp=stamp(), **{quantity: value})
    assert readings_of(client, user, server)[0][quantity] == value


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("humidity", "-0.01"), ("humidity", "100.01"), ("temperature", "-273.16"), ("temperature", "-1e300")],
)
def test_what_cannot_be_is_refused_by_name(
    client: httpx.Client, user: User, server: Server, quantity: str, value: str
) -> None:
    assert_refused(send(client, server, f'"{quantity}": {value}'), quantity)
    assert readings_of(client, user, server) == []


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", '"NaN"', '"inf"', '"22.5"', '"warm"', '""', "true", "false",
     "[]", "[1]", "{}", "1" + "0" * 400],
)  # fmt: skip
@pytest.mark.parametrize("quantity", ["temperature", "voltage"])
def test_what_is_no_finite_number_is_refused_and_nothing_of_it_stored(
    client: httpx.Client, user: User, server: Server, quantity: str, value: str
) -> None:
    assert_problem(send(client, server, f'"{quantity}": {value}, "humidity": 50'), 422)
    assert readings_of(client, user, server) == []


def test_every_bad_field_is_named_at_once(client: httpx.Client, server: Server) -> None:
    body = {
        "server_ulid": server.ulid,
        "temperature": "warm",
        "humidity": 101,
        "colour": "red",
        "timestamp": "now",
    }
    response = client.post("/data", json=body, headers=server.headers)
    assert_refused(response, "temperature", "humidity", "colour", "timestamp")


@pytest.mark.parametrize("field", ["colour", "Temperature", "temperatur", "", "server_name", "__proto__"])
def test_an_unknown_field_is_named(client: httpx.Client, user: User, server: Server, field: str) -> None:
    body = {"server_ulid": server.ulid, "temperature": 1, field: "red"}
    assert_refused(client.post("/data", json=body, headers=server.headers), field)
    assert readings_of(client, user, server) == []


def test_the_server_must_be_named(client: httpx.Client, user: User) -> None:
    response = client.post("/data", json={"temperature": 1}, headers=user.headers)
    assert_refused(response, "server_ulid")


def test_an_unknown_server_is_not_found(client: httpx.Client, user: User) -> None:
    body = {"server_ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "temperature": 1}
    assert_problem(client.post("/data", json=body, headers=user.headers), 404)


@pytest.mark.parametrize("ulid", ["", "abc", "!" * 26, "I" * 26, "8" + "Z" * 25, "é" * 26])
def test_what_is_no_ulid_names_no_server(client: httpx.Client, user: User, ulid: str) -> None:
    response = client.post("/data", json={"server_ulid": ulid, "temperature": 1}, headers=user.headers)
    assert response.status_code in (404, 422)
    assert_problem(response, response.status_code)


def test_a_ulid_is_read_in_any_case(client: httpx.Client, user: User, server: Server) -> None:
    body = {"server_ulid": server.ulid.lower(), "timestamp": stamp(), "temperature": 1}
    assert client.post("/data", json=body, headers=server.headers).json()["server_ulid"] == server.ulid
