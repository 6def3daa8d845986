"""Accept-Language: pt translates what people read; what programs read stays."""

from typing import Any

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import stamp
from tests.contract.problems import assert_problem

CASES: dict[str, tuple[str, str, Any, int]] = {
    "no credential": ("GET", "/data", "anonymous", 401),
    "bad credential": ("GET", "/data", "invalid", 401),
    "no such path": ("GET", "/nowhere", None, 404),
    "no such method": ("PUT", "/data", None, 405),
    "no such server": ("GET", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV", None, 404),
    "no such cache key": ("GET", "/cache/get/absent", None, 404),
    "no such job": ("GET", "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV", None, 404),
    "not an administrator": ("GET", "/users", None, 403),
    "bad choice": ("GET", "/data?aggregation=fortnight", None, 422),
    "bad function": ("GET", "/data?function=guess", None, 422),
    "bad condition": ("GET", "/data?where=temperature~3", None, 422),
    "group without aggregation": ("GET", "/data?group_by=server", None, 422),
    "fill without aggregation": ("GET", "/data?fill=null", None, 422),
    "cursor without limit": ("GET", "/data?cursor=WzFd", None, 422),
    "broken cursor": ("GET", "/data?limit=1&cursor=%21", None, 422),
    "points and pages": ("GET", "/data?limit=1&max_points=100", None, 422),
    "too few points": ("GET", "/data?max_points=4", None, 422),
    "coverage of the unknown": ("GET", "/data?function=coverage&server_ulid={ulid}", None, 422),
    "bad zone": ("GET", "/data?tz=Mars/Olympus", None, 422),
    "bad instant": ("GET", "/data?start_time=soon", None, 422),
    "start after end": ("GET", f"/data?start_time={stamp(hours=1)}&end_time={stamp()}", None, 422),
    "unknown parameter": ("GET", "/data?colour=red", None, 422),
    "missing field": ("POST", "/servers", {}, 422),
    "blank name": ("POST", "/servers", {"server_name": " "}, 422),
    "wrong type": ("POST", "/servers", {"server_name": 7}, 422),
    "unknown field": ("POST", "/servers", {"server_name": "a", "colour": "red"}, 422),
    "no value": ("POST", "/data", {"server_ulid": "{ulid}"}, 422),
    "out of range": ("POST", "/data", {"server_ulid": "{ulid}", "humidity": 101}, 422),
    "text for a number": ("POST", "/data", {"server_ulid": "{ulid}", "humidity": "wet"}, 422),
    "wrong password": ("POST", "/auth/login", {"username": "nobody", "password": "12345678"}, 401),
    "short password": ("POST", "/auth/register", {"username": "short", "password": "1234567"}, 422),
    "taken name": ("POST", "/auth/register", {"username": "{username}", "password": "12345678"}, 409),
    "broken JSON": ("POST", "/servers", b'{"server_name": ', 422),
}


def provoke(client: httpx.Client, user: User, server: Server, case: str, language: str | None) -> dict[str, Any]:
    """The problem of a case as told in a language."""
    method, path, sent, status = CASES[case]
    path = path.replace("{ulid}", server.ulid)
    headers = {**user.headers, **({"Accept-Language": language} if language else {})}
    content: bytes | None = None
    if sent == "anonymous":
        del headers["Authorization"]
    elif sent == "invalid":
        headers["Authorization"] = "Bearer snt_k_0000"
    elif isinstance(sent, bytes):
        content, headers["Content-Type"] = sent, "application/json"
    elif sent is not None:
        known = {"{ulid}": server.ulid, "{username}": user.username}
        body = {name: known.get(value, value) for name, value in sent.items()}
        return assert_problem(client.request(method, path, json=body, headers=headers), status)
    return assert_problem(client.request(method, path, content=content, headers=headers), status)


@pytest.mark.parametrize("case", CASES)
def test_portuguese_is_spoken_and_names_stay(client: httpx.Client, user: User, server: Server, case: str) -> None:
    english = provoke(client, user, server, case, None)
    portuguese = provoke(client, user, server, case, "pt")
    assert portuguese["title"] != english["title"]
    assert portuguese["detail"] != english["detail"]
    assert portuguese["type"] == english["type"]
    assert set(portuguese) == set(english)
    for ours, theirs in zip(portuguese.get("errors", []), english.get("errors", []), strict=True):
        assert ours["loc"] == theirs["loc"]
        assert ours["type"] == theirs["type"]
        assert ours["msg"] != theirs["msg"]


def test_a_list_of_choices_is_joined_in_portuguese(client: httpx.Client, user: User, server: Server) -> None:
    (fault,) = provoke(client, user, server, "bad choice", "pt")["errors"]
    assert fault["msg"].startswith("Deve ser '10s', ")
    assert fault["msg"].endswith(" ou '1y'")


@pytest.mark.parametrize(
    ("language", "portuguese"),
    [("pt", True), ("pt-BR", True), ("PT-br", True), ("pt-PT", True), ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", True),
     ("fr,pt;q=0.5", True), ("en", False), ("en-US,en;q=0.9,pt;q=0.8", False), ("fr", False), ("*", False),
     ("", False), ("pt;q=0", False), ("pt;q=0, en", False), ("en;q=0.5, pt; q=0.9", True),
     ("pt ; q=0.1 , en", False), ("pt;q=0.1,en;q=0.9", False), ("ptx", False)],
)  # fmt: skip
def test_the_preferred_language_is_chosen(
    client: httpx.Client, user: User, server: Server, language: str, portuguese: bool
) -> None:
    titles = {provoke(client, user, server, "no such path", known)["title"]: known == "pt" for known in ("en", "pt")}
    assert titles[provoke(client, user, server, "no such path", language)["title"]] is portuguese
