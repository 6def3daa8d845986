"""Idempotency-Key, atomic=true, and receipts that can be read again."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import Row, bearer, column, new_key, readings_of, stamp, unique
from tests.contract.problems import assert_problem, assert_refused


def batch(server: Server, count: int, first: int = 0) -> list[Row]:
    return [
        {"server_ulid": server.ulid, "timestamp": stamp(seconds=first + second), "temperature": second}
        for second in range(count)
    ]


def post(client: httpx.Client, server: Server, body: Any, key: str | None = None, query: str = "") -> httpx.Response:
    headers = server.headers | ({"Idempotency-Key": key} if key else {})
    return client.post(f"/data{query}", json=body, headers=headers)


def test_the_same_request_gets_the_same_answer_again(client: httpx.Client, user: User, server: Server) -> None:
    key = unique("key")
    first = post(client, server, batch(server, 5), key)
    again = post(client, server, batch(server, 5), key)
    assert first.status_code == again.status_code == 201
    # Stored anew it would count five duplicates.
    assert first.json()["accepted"] == again.json()["accepted"] == 5
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == again.headers["location"]
    assert column(readings_of(client, user, server), "temperature") == list(range(5))


def test_a_single_reading_takes_a_key_too(client: httpx.Client, user: User, server: Server) -> None:
    key, body = unique("key"), {"server_ulid": server.ulid, "temperature": 4}
    first, again = post(client, server, body, key), post(client, server, body, key)
    # Without a timestamp each would be stored at its own arrival.
    assert first.json() == again.json()
    assert len(readings_of(client, user, server)) == 1


def test_another_body_under_the_same_key_is_refused(client: httpx.Client, user: User, server: Server) -> None:
    key = unique("key")
    post(client, server, batch(server, 2), key)
    assert_problem(post(client, server, batch(server, 3), key), 422)
    assert_problem(post(client, server, batch(server, 2), key, "?atomic=true"), 422)
    assert len(readings_of(client, user, server)) == 2


def test_a_refused_request_leaves_its_key_free(client: httpx.Client, user: User, server: Server) -> None:
    key, bad = unique("key"), [{"server_ulid": server.ulid, "humidity": 101}]
    assert_problem(post(client, server, bad, key, "?atomic=true"), 422)
    assert post(client, server, batch(server, 2), key).json()["accepted"] == 2


def test_twelve_at_once_with_one_key_store_once(client: httpx.Client, user: User, server: Server) -> None:
    key, body = unique("key"), [{"server_ulid": server.ulid, "temperature": 1}]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: post(client, server, body, key), range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(readings_of(client, user, server)) == 1


def test_a_key_is_its_workspaces_own(client: httpx.Client, server: Server, foreign_server: Server) -> None:
    key = unique("key")
    assert post(client, server, batch(server, 1), key).json()["accepted"] == 1
    assert post(client, foreign_server, batch(foreign_server, 1), key).json()["accepted"] == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_an_odd_key_is_refused_by_name(client: httpx.Client, server: Server, key: str) -> None:
    response = client.post("/data", json=batch(server, 1), headers={**server.headers, "Idempotency-Key": key})
    assert assert_refused(response)["errors"][0]["loc"] == ["header", "Idempotency-Key"]


def test_a_receipt_is_read_again_by_its_workspace_alone(
    client: httpx.Client, user: User, stranger: User, server: Server
) -> None:
    stored = post(client, server, batch(server, 3), unique("key"))
    address = stored.headers["location"]
    assert client.get(address, headers=user.headers).json() == stored.json()
    assert_problem(client.get(address, headers=stranger.headers), 404)
    assert_problem(client.get(address), 401)
    # A device key opens POST /data alone.
    assert_problem(client.get(address, headers=server.headers), 403)
    assert_problem(client.get("/receipts/01ARZ3NDEKTSV4RRFFQ69G5FAV", headers=user.headers), 404)


def test_atomic_stores_all_or_nothing(client: httpx.Client, user: User, server: Server) -> None:
    body = [*batch(server, 3), {"server_ulid": server.ulid, "humidity": 101}, {"server_ulid": server.ulid}]
    problem = assert_refused(post(client, server, body, query="?atomic=true"))
    assert [error["loc"][:2] for error in problem["errors"]] == [["body", 3], ["body", 4]]
    assert readings_of(client, user, server) == []
    assert post(client, server, body[:3], query="?atomic=true").json()["accepted"] == 3


def test_a_batch_larger_than_a_group_leaves_a_receipt(client: httpx.Client, user: User, server: Server) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in batch(server, 25_000))
    headers = {**server.headers, "Content-Type": "application/x-ndjson"}
    stored = client.post("/data", content=lines.encode(), headers=headers)
    assert stored.json()["accepted"] == 25_000
    assert client.get(stored.headers["location"], headers=user.headers).json() == stored.json()
    again = client.post("/data", content=lines.encode(), headers=headers)
    assert (again.json()["accepted"], again.json()["duplicates"]) == (0, 25_000)


def test_an_unknown_option_is_refused_by_name(client: httpx.Client, server: Server) -> None:
    problem = assert_refused(post(client, server, batch(server, 1), query="?atomicc=true"))
    assert problem["errors"][0]["loc"] == ["query", "atomicc"]


def test_an_api_key_may_store_and_replay(client: httpx.Client, user: User, server: Server) -> None:
    headers = {**bearer(new_key(client, user)["key"]), "Idempotency-Key": unique("key")}
    answers = [client.post("/data", json=batch(server, 2), headers=headers).json() for _ in range(2)]
    assert answers[0] == answers[1]
