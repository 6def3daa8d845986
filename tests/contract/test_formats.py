"""POST /data in every format and encoding: stored alike, refused alike."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tests.conftest import Server, User
from tests.contract.calls import Row, column, readings_of, stamp
from tests.contract.problems import assert_problem, assert_refused
from tests.readings.formats.bodies import BODIES

PARQUET = "application/vnd.apache.parquet"
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "zstd": lambda body: pa.compress(body, codec="zstd", asbytes=True),
}
MANY = 150_000


def send(
    client: httpx.Client, server: Server, body: bytes, media_type: str, encoding: str = "identity", **query: Any
) -> httpx.Response:
    headers = {**server.headers, "Content-Type": media_type, "Content-Encoding": encoding}
    return client.post(
        "/data", content=ENCODINGS.get(encoding, bytes)(body), headers=headers, params=query, timeout=120
    )


def batch(server: Server, count: int = 20) -> list[Row]:
    return [
        {"server_ulid": server.ulid, "timestamp": stamp(seconds=second), "temperature": second + 0.25, "flow": 1.5}
        for second in range(count)
    ]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("media_type", BODIES)
def test_every_format_in_every_encoding_is_stored_alike(
    client: httpx.Client, user: User, server: Server, media_type: str, encoding: str
) -> None:
    response = send(client, server, BODIES[media_type](batch(server)), media_type, encoding)
    if media_type == PARQUET and encoding != "identity":
        assert_problem(response, 415)
        return
    assert response.status_code == 201, response.text
    assert response.json()["accepted"] == 20
    assert readings_of(client, user, server) == batch(server)


@pytest.mark.parametrize("media_type", BODIES)
def test_a_bad_reading_sinks_no_other_in_any_format(
    client: httpx.Client, user: User, server: Server, media_type: str
) -> None:
    rows = batch(server, 5)
    rows[1]["timestamp"], rows[3]["temperature"] = "yesterday", -300
    body = BODIES[media_type](rows)
    receipt = send(client, server, body, media_type).json()
    assert (receipt["accepted"], receipt["rejected_count"], column(receipt["rejected"], "index")) == (3, 2, [1, 3])
    assert "timestamp" in receipt["rejected"][0]["detail"]
    assert "temperature" in receipt["rejected"][1]["detail"]
    assert readings_of(client, user, server) == [rows[0], rows[2], rows[4]]
    assert_refused(send(client, server, body, media_type, atomic="true"), "temperature")


@pytest.mark.parametrize("media_type", BODIES)
def test_the_same_body_again_is_all_duplicates(client: httpx.Client, server: Server, media_type: str) -> None:
    body = BODIES[media_type](batch(server))
    assert send(client, server, body, media_type).json()["accepted"] == 20
    again = send(client, server, body, media_type).json()
    assert (again["accepted"], again["duplicates"], again["updated"]) == (0, 20, 0)


def test_columns_and_server_may_be_named_in_the_query(client: httpx.Client, user: User, server: Server) -> None:
    body = f"when;temp\n{stamp()};21,5\n".encode()
    query = {"server_ulid": server.ulid, "timestamp_column": "when", "temperature_column": "temp"}
    assert send(client, server, body, "text/csv", **query).json()["accepted"] == 1
    assert column(readings_of(client, user, server), "temperature") == [21.5]


@pytest.mark.parametrize("media_type", ["application/xml", "text/html", "application/jsonl"])
def test_another_type_is_refused_with_those_that_are_taken(
    client: httpx.Client, server: Server, media_type: str
) -> None:
    reading = json.dumps({"server_ulid": server.ulid, "timestamp": stamp(), "temperature": 20.5}).encode()
    problem = assert_problem(send(client, server, reading, media_type), 415)
    assert all(known in problem["detail"] for known in BODIES)


def test_another_encoding_is_refused(client: httpx.Client, server: Server) -> None:
    problem = assert_problem(send(client, server, b"x", "text/csv", "br"), 415)
    assert "zstd" in problem["detail"]


@pytest.mark.parametrize("media_type", BODIES)
def test_a_body_that_is_not_of_its_type_is_refused(client: httpx.Client, server: Server, media_type: str) -> None:
    response = send(client, server, b"\x00\xffgarbage", media_type)
    if media_type == "application/x-ndjson":
        # A line that is no JSON is one bad reading, as it is among good ones.
        assert response.json()["rejected_count"] == 1
    else:
        assert_problem(response, 422)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_too_large_and_leaves_nothing(
    client: httpx.Client, user: User, server: Server, encoding: str
) -> None:
    body = BODIES["application/x-ndjson"](batch(server, 100)) + b" " * 2**26
    assert len(ENCODINGS[encoding](body)) * 900 < len(body)
    assert_problem(send(client, server, body, "application/x-ndjson", encoding), 413)
    assert readings_of(client, user, server) == []


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_cut_short_is_refused_whole(client: httpx.Client, user: User, server: Server, encoding: str) -> None:
    packed = ENCODINGS[encoding](BODIES["text/csv"](batch(server, 1000)))
    headers = {**server.headers, "Content-Type": "text/csv", "Content-Encoding": encoding}
    response = client.post("/data", content=packed[:-9], headers=headers)
    assert_problem(response, 422)
    assert readings_of(client, user, server) == []


def test_a_large_body_lands_whole_and_leaves_a_receipt(client: httpx.Client, user: User, server: Server) -> None:
    body = BODIES["application/x-ndjson"](batch(server, MANY))
    response = send(client, server, body, "application/x-ndjson", "gzip")
    assert response.status_code == 201, response.text
    assert response.json()["accepted"] == MANY
    assert client.get(response.headers["location"], headers=user.headers).json() == response.json()
    means = readings_of(client, user, server, aggregation="day")
    assert means[0]["temperature"] > 0
    again = send(client, server, body, "application/x-ndjson")
    assert again.status_code == 201, again.text
    assert again.json()["duplicates"] == MANY
