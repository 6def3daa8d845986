"""Errors have one shape, whoever finds them: router, parser, validation, permission or limit."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import readings_of, stamp
from tests.contract.problems import assert_problem, assert_refused

LIMIT = 16 * 2**20


@pytest.mark.parametrize(
    "path", ["/nowhere", "/data/nowhere", "/cache", "/auth", "/ui/nowhere", "/health", "/%00", "/é"]
)
def test_a_path_that_leads_nowhere_is_a_problem(client: httpx.Client, user: User, path: str) -> None:
    assert_problem(client.get(path, headers=user.headers), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/data", {"GET", "POST", "DELETE"}), ("PUT", "/servers", {"GET", "POST"}),
     ("GET", "/auth/login", {"POST"}), ("POST", "/health/all", {"GET"}),
     ("PATCH", "/livez", {"GET"}), ("GET", "/cache/set", {"POST"})],
)  # fmt: skip
def test_a_method_that_a_path_does_not_take_is_a_problem(
    client: httpx.Client, user: User, method: str, path: str, allowed: set[str]
) -> None:
    response = client.request(method, path, headers=user.headers)
    assert_problem(response, 405)
    assert {name.strip() for name in response.headers["Allow"].split(",")} >= allowed


@pytest.mark.parametrize("method", ["BREW", "get", "X" * 40])
def test_an_invented_method_is_an_error_of_the_client(client: httpx.Client, method: str) -> None:
    assert 400 <= client.request(method, "/data").status_code < 500


BROKEN = [
    ('{"server_ulid": "a",\n  "temperature": }', 2, 18),
    ('{"server_ulid": "a" "temperature": 1}', 1, 21),
    ('{"temperature": 1', 1, 18),
    ("{'temperature': 1}", 1, 2),
    ('{\n\n"temperature": nan}', 3, 16),
    ("temperature=1", 1, 2),
    ('{"temperature": 1}}', 1, 19),
    ('{"temperature": 01}', 1, 18),
]


@pytest.mark.parametrize(("text", "line", "column"), BROKEN)
@pytest.mark.parametrize("path", ["/data", "/servers", "/auth/register", "/cache/set"])
def test_broken_json_is_refused_with_the_position(
    client: httpx.Client, user: User, path: str, text: str, line: int, column: int
) -> None:
    headers = {**user.headers, "Content-Type": "application/json"}
    body = assert_refused(client.post(path, content=text.encode(), headers=headers))
    told = f"{body['detail']} {body['errors']}"
    numbers = {int(number) for number in re.findall(r"\d+", told)}
    offset = sum(len(row) + 1 for row in text.split("\n")[: line - 1]) + column - 1
    # Parsers differ by one in where they stop: at the last good character or at the first bad one.
    near = {offset + step for step in (-1, 0, 1)}
    by_line = re.search(rf"line {line}\D+({'|'.join(str(column + step) for step in (-1, 0, 1))})\b", told)
    assert by_line or numbers & near, told


def padded(server: Server, size: int) -> bytes:
    """A valid reading that blanks bring to this size in bytes."""
    text = f'{{"server_ulid": "{server.ulid}", "timestamp": "{stamp()}", "temperature": 1}}'
    return text.encode().rjust(size)


def test_a_body_as_large_as_the_limit_is_taken(client: httpx.Client, user: User, server: Server) -> None:
    headers = {**server.headers, "Content-Type": "application/json"}
    assert client.post("/data", content=padded(server, LIMIT), headers=headers).status_code == 201
    assert len(readings_of(client, user, server)) == 1


@pytest.mark.parametrize("path", ["/data", "/servers", "/auth/register", "/auth/login", "/cache/set", "/keys"])
def test_a_body_past_the_limit_is_too_large(client: httpx.Client, user: User, server: Server, path: str) -> None:
    headers = {**user.headers, "Content-Type": "application/json"}
    assert_problem(client.post(path, content=padded(server, LIMIT + 1), headers=headers), 413)
    assert readings_of(client, user, server) == []


def test_a_body_of_untold_length_past_the_limit_is_too_large(client: httpx.Client, user: User, server: Server) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(LIMIT // 2**16):
            yield b" " * 2**16
        yield padded(server, 2**16)

    headers = {**server.headers, "Content-Type": "application/json"}
    assert_problem(client.post("/data", content=chunks(), headers=headers), 413)
    assert readings_of(client, user, server) == []


def test_a_body_of_untold_length_within_the_limit_is_taken(client: httpx.Client, server: Server) -> None:
    headers = {**server.headers, "Content-Type": "application/json"}
    response = client.post("/data", content=iter([padded(server, 2**20)]), headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "image/png", "nonsense", ";;;", "application/"]
)
def test_a_body_of_a_kind_that_is_not_taken_is_refused(
    client: httpx.Client, user: User, server: Server, content_type: str
) -> None:
    headers = {**server.headers, "Content-Type": content_type}
    response = client.post("/data", content=b"\x89PNG\r\n", headers=headers)
    assert response.status_code in (415, 422)
    assert_problem(response, response.status_code)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/JSON", "application/json;"])
def test_json_is_taken_by_each_of_its_names(client: httpx.Client, server: Server, content_type: str) -> None:
    headers = {**server.headers, "Content-Type": content_type}
    assert client.post("/data", content=padded(server, 200), headers=headers).status_code == 201


def test_a_validation_error_tells_where_what_and_which_kind(client: httpx.Client, server: Server) -> None:
    body: dict[str, Any] = {"server_ulid": server.ulid, "humidity": 101, "colour": "red"}
    problem = assert_refused(client.post("/data", json=body, headers=server.headers), "humidity", "colour")
    assert [error["loc"][0] for error in problem["errors"]] == ["body", "body"]
    assert len({error["type"] for error in problem["errors"]}) == 2
    assert "Traceback" not in str(problem)


def test_a_bad_query_is_located_in_the_query(client: httpx.Client, user: User) -> None:
    problem = assert_refused(client.get("/data?aggregation=week&start_time=soon", headers=user.headers))
    assert {error["loc"][0] for error in problem["errors"]} == {"query"}
    assert {error["loc"][1] for error in problem["errors"]} == {"aggregation", "start_time"}
