"""POST /data with an array: one receipt for all, and a bad reading sinks no other."""

import json
from typing import Any

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import column, post_many, readings, readings_of, stamp
from tests.contract.problems import assert_problem


def send(client: httpx.Client, server: Server, items: list[str]) -> httpx.Response:
    """POST an array of JSON texts, as they stand."""
    headers = {**server.headers, "Content-Type": "application/json"}
    return client.post("/data", content=f"[{','.join(items)}]".encode(), headers=headers)


def item(server: Server, second: int, temperature: str) -> str:
    return f'{{"server_ulid": "{server.ulid}", "timestamp": "{stamp(seconds=second)}", "temperature": {temperature}}}'


def test_an_array_is_stored_and_its_receipt_counts_it(client: httpx.Client, user: User, server: Server) -> None:
    receipt = post_many(client, server, [{"timestamp": stamp(seconds=s), "temperature": s} for s in range(50)])
    assert receipt == {"accepted": 50, "duplicates": 0, "updated": 0, "rejected_count": 0, "rejected": []}
    assert column(readings_of(client, user, server), "temperature") == list(range(50))


def test_readings_of_several_servers_come_in_one_array(
    client: httpx.Client, user: User, server: Server, new_server: Any
) -> None:
    other = new_server(user)
    body = [
        {"server_ulid": which.ulid, "timestamp": stamp(seconds=second), "temperature": second}
        for second in range(3)
        for which in (server, other)
    ]
    receipt = client.post("/data", json=body, headers=user.headers).json()
    assert receipt["accepted"] == 6
    assert column(readings(client, user, server_ulid=other.ulid), "temperature") == [0, 1, 2]


def test_one_server_in_two_spellings_is_one_server(client: httpx.Client, user: User, server: Server) -> None:
    spellings = [server.ulid, server.ulid.lower(), server.ulid, server.ulid.lower()]
    body = [{"server_ulid": ulid, "timestamp": stamp(seconds=s), "voltage": s} for s, ulid in enumerate(spellings)]
    receipt = client.post("/data", json=body, headers=user.headers).json()
    assert (receipt["accepted"], receipt["rejected"]) == (4, [])
    assert column(readings_of(client, user, server), "voltage") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "bad",
    ["{}", "null", "7", '"text"', "[]", '{"server_ulid": 5, "temperature": 1}', '{"temperature": 1}',
     '{"server_ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "temperature": 1}'],
)  # fmt: skip
def test_an_item_that_is_no_reading_sinks_no_other(client: httpx.Client, user: User, server: Server, bad: str) -> None:
    response = send(client, server, [item(server, 0, "10"), bad, item(server, 2, "12")])
    assert response.status_code == 201
    assert_one_rejected(response.json(), index=1)
    assert column(readings_of(client, user, server), "temperature") == [10, 12]


@pytest.mark.parametrize("value", ["1e400", "-300", '"warm"', "true", "null", "[]"])
def test_a_bad_value_sinks_no_other(client: httpx.Client, user: User, server: Server, value: str) -> None:
    response = send(client, server, [item(server, 0, value), item(server, 1, "11")])
    assert response.status_code == 201
    assert_one_rejected(response.json(), index=0)
    assert column(readings_of(client, user, server), "temperature") == [11]


def assert_one_rejected(receipt: dict[str, Any], index: int) -> None:
    assert receipt["rejected_count"] == 1
    assert [entry["index"] for entry in receipt["rejected"]] == [index]
    assert isinstance(receipt["rejected"][0]["detail"], str)
    assert receipt["rejected"][0]["detail"]


def test_nan_in_an_array_leaves_nothing_of_itself_behind(client: httpx.Client, user: User, server: Server) -> None:
    response = send(client, server, [item(server, 0, "NaN"), item(server, 1, "11")])
    assert response.status_code in (201, 422), "NaN is no JSON: the whole text or the item is refused"
    stored = column(readings_of(client, user, server), "temperature")
    assert stored == ([11] if response.status_code == 201 else [])


@pytest.mark.parametrize(
    ("field", "value"),
    [("temperature", "-300"), ("humidity", "101"), ("colour", '"red"'), ("timestamp", '"yesterday"')],
)
def test_a_rejection_says_which_field_is_wrong(client: httpx.Client, server: Server, field: str, value: str) -> None:
    bad = f'{{"server_ulid": "{server.ulid}", "voltage": 1, "{field}": {value}}}'
    receipt = send(client, server, [bad]).json()
    assert_one_rejected(receipt, index=0)
    assert field in receipt["rejected"][0]["detail"]


def test_items_of_a_server_that_the_key_may_not_write_are_rejected(
    client: httpx.Client, user: User, server: Server, new_server: Any, foreign_server: Server
) -> None:
    items = [item(server, 0, "1"), item(new_server(user), 1, "2"), item(foreign_server, 2, "3")]
    receipt = send(client, server, items).json()
    assert (receipt["accepted"], receipt["rejected_count"]) == (1, 2)
    assert [entry["index"] for entry in receipt["rejected"]] == [1, 2]
    assert column(readings_of(client, user, server), "temperature") == [1]


def test_the_first_thousand_rejections_are_told_in_full(client: httpx.Client, server: Server) -> None:
    receipt = send(client, server, [item(server, s, "-300") for s in range(1_100)]).json()
    assert receipt["rejected_count"] == 1_100
    assert [entry["index"] for entry in receipt["rejected"]] == list(range(1_000))


def test_an_array_of_nothing_but_bad_items_stores_nothing(client: httpx.Client, user: User, server: Server) -> None:
    receipt = send(client, server, [item(server, 0, "-300"), "null"]).json()
    assert (receipt["accepted"], receipt["rejected_count"]) == (0, 2)
    assert readings_of(client, user, server) == []


def test_broken_json_in_an_array_stores_nothing(client: httpx.Client, user: User, server: Server) -> None:
    headers = {**server.headers, "Content-Type": "application/json"}
    content = f"[{item(server, 0, '1')},{item(server, 1, '2')}".encode()
    assert_problem(client.post("/data", content=content, headers=headers), 422)
    assert readings_of(client, user, server) == []


def test_a_hundred_thousand_readings_fit_into_one_array(client: httpx.Client, user: User, server: Server) -> None:
    count = 100_000
    body = [{"server_ulid": server.ulid, "timestamp": stamp(seconds=s), "voltage": s % 97} for s in range(count)]
    content = json.dumps(body, separators=(",", ":")).encode()
    assert len(content) < 16 * 2**20, "within the limit of a JSON body"
    headers = {**server.headers, "Content-Type": "application/json"}
    receipt = client.post("/data", content=content, headers=headers, timeout=60).json()
    assert receipt["accepted"] == count
    hours = readings_of(client, user, server, aggregation="hour")
    assert len(hours) == 28, "100,000 s from a full hour on touch 28 hours"
    first = [s % 97 for s in range(3_600)]
    assert hours[0]["voltage"] == pytest.approx(sum(first) / len(first), rel=1e-11)
