"""No input yields a 500: odd bodies, odd values, odd paths, odd headers, each against every operation."""

import base64
import json
from typing import Any

import httpx
import pytest

from app.core.paging import decode, encode
from tests.conftest import NewServer, Server, User
from tests.contract.problems import assert_problem

ODD_BODIES: list[bytes] = [
    b"", b" ", b"null", b"true", b"0", b"[]", b"{}", b'"text"', b"[null]", b"[[]]", b"[" * 100_000, b'{"a":' * 50_000,
    b"[" * 900 + b"]" * 900, b'"\\ud800"', b'{"\\ud800": "\\udfff"}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
    b'{"key": "\xc3\x28"}', b"\x00", b'{"\\u0000": "\\u0000"}', b"1" * 5_000, b"-", b"1e999999999", b"nan", b"{}{}",
    b'{"a": 1, "a": 2}', b"//\n{}", b'{"temperature": .5}',
]  # fmt: skip
ODD_VALUES: list[Any] = [
    None, True, "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "x" * 100_000, "🙂" * 300,
    0, -1, 2**31, 2**63, 2**64, 10**400, -(10**400), 1e308, [], [[]], {}, {"a": {}}, ["a", None], "\r\n", "%s%n", "{0}",
    "{}", "../..", "'\"; --", "\\", "NaN", "1e400", "00000000000000000000000000",
]  # fmt: skip
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "register": ("POST", "/auth/register", {"username": "odd", "password": "12345678", "email": "a@example.org"}),
    "login": ("POST", "/auth/login", {"username": "odd", "password": "12345678"}),
    "refresh": ("POST", "/auth/refresh", {"refresh_token": "snt_r_0"}),
    "create server": ("POST", "/servers", {"server_name": "odd"}),
    "create server by its other name": ("POST", "/servers", {"name": "odd"}),
    "change server": ("PATCH", "/servers/{ulid}", {"server_name": "odd", "offline_after_seconds": 10}),
    "create key": ("POST", "/keys", {"name": "odd", "scopes": ["read"], "expires_at": "2099-01-01T00:00:00Z"}),
    "cache": ("POST", "/cache/set", {"key": "odd", "value": "odd", "ttl": 10}),
    "reading": (
        "POST", "/data", {"server_ulid": "{ulid}", "timestamp": "2024-05-01T10:00:00Z", "temperature": 1, "current": 1}
    ),
}  # fmt: skip
ODD_QUERIES = [
    "server_ulid=%00", "server_ulid=%FF", "server_ulid=%ED%A0%80", "server_ulid=" + "A" * 30_000, "start_time=%FF",
    "start_time=%00", "end_time=99999999999999999999", "start_time=2024-05-01T10:00:00%00", "sensor_type=%FF",
    "aggregation=%00", "group_by=%FF", "=", "&", "a", "%", "%zz=1", "%00=1", "start_time", "?", "server_ulid[]=a",
    "start_time=-9999-01-01T00:00:00Z", "end_time=2024-05-01T10:00:00.1234567890123Z", "limit=" + "9" * 5_000,
    "sensor_type=temperature&" * 500, "start_time=2024-05-01T10:00:00Z&start_time=2024-05-01T11:00:00Z",
]  # fmt: skip
ODD_NAMES = [
    "%00",
    "%FF",
    "%ED%A0%80",
    "..%2F..",
    "%2e%2e",
    "a" * 20_000,
    "%F0%9F%99%82",
    "-1",
    "null",
    "%0a",
    "'",
    "%25",
]


@pytest.fixture(scope="module")
def server(user: User, new_server: NewServer) -> Server:
    return new_server(user)


def assert_answered(response: httpx.Response, sent: object) -> None:
    """An answer of ours, no crash; and a problem where it is an error."""
    assert response.status_code < 500, f"{response.status_code} for {str(sent)[:200]!r}: {response.text[:500]}"
    if response.status_code >= 400:
        assert_problem(response, response.status_code)


def send(client: httpx.Client, user: User, server: Server, operation: str, content: bytes) -> httpx.Response:
    method, path, _ = OPERATIONS[operation]
    headers = {**user.headers, "Content-Type": "application/json"}
    return client.request(method, path.format(ulid=server.ulid), content=content, headers=headers)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_odd_body_is_answered(client: httpx.Client, user: User, server: Server, operation: str) -> None:
    for content in ODD_BODIES:
        assert_answered(send(client, user, server, operation, content), content)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_odd_value_in_any_field_is_answered(
    client: httpx.Client, user: User, server: Server, operation: str
) -> None:
    _, _, fields = OPERATIONS[operation]
    for field in fields:
        for value in ODD_VALUES:
            body = json.dumps({**fields, field: value}).replace('"{ulid}"', f'"{server.ulid}"').encode()
            assert_answered(send(client, user, server, operation, body), body)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_odd_field_name_is_answered(client: httpx.Client, user: User, server: Server, operation: str) -> None:
    _, _, fields = OPERATIONS[operation]
    for name in ("", "\x00", "\ud800", "x" * 50_000, "__class__", "{0}", "%s", "a\nb"):
        body = json.dumps({**fields, name: 1}).encode()
        assert_answered(send(client, user, server, operation, body), name)


@pytest.mark.parametrize("query", ODD_QUERIES, ids=lambda query: query[:40])
def test_an_odd_query_is_answered(client: httpx.Client, user: User, query: str) -> None:
    assert_answered(client.get(f"/data?{query}", headers=user.headers), query)
    assert_answered(client.get(f"/servers?{query}", headers=user.headers), query)
    assert_answered(client.post(f"/cache/set?{query}", headers=user.headers), query)
    assert_answered(client.post(f"/imports?{query}", headers=user.headers), query)


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: name[:20])
def test_an_odd_name_in_a_path_is_answered(client: httpx.Client, user: User, name: str) -> None:
    for folder in ("servers", "health", "jobs", "cache/get", "docs", "ui", "static", "imports"):
        assert_answered(client.get(f"/{folder}/{name}", headers=user.headers), name)
    assert_answered(client.delete(f"/keys/{name}", headers=user.headers), name)
    assert_answered(client.patch(f"/servers/{name}", json={"server_name": "a"}, headers=user.headers), name)


@pytest.mark.parametrize(
    "header",
    ["Authorization", "Sentinela-Workspace", "X-Request-ID", "Accept-Language", "Accept", "Content-Type", "Cookie",
     "Content-Encoding", "Idempotency-Key", "If-None-Match", "Accept-Encoding", "X-Forwarded-For"],
)  # fmt: skip
def test_an_odd_header_is_answered(client: httpx.Client, user: User, server: Server, header: str) -> None:
    body = json.dumps({"server_ulid": server.ulid, "temperature": 1}).encode()
    for value in (b"", b"\xff\xfe", b"x" * 8_000, b"'", b";q=x", b"pt;q=nan,en;q=inf", b"%s{0}", b"gzip, gzip"):
        headers = {"Authorization": user.headers["Authorization"], "Content-Type": "application/json"}
        sent = {name.encode(): text.encode() for name, text in headers.items() if name != header}
        sent[header.encode()] = value
        assert_answered(client.post("/data", content=body, headers=sent), value)
        assert_answered(client.get("/data", headers=sent), value)


def test_an_odd_form_is_answered(client: httpx.Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    bodies = [b"", b"%", b"username=%00&password=%00", b"username=%ED%A0%80&password=12345678", b"\xff=\xff", b"&&==",
              b"username=a&username=b&password=c", b"a=" * 20_000, b"--x\r\n", b"--x--"]  # fmt: skip
    for headers in (form, multipart, {"Content-Type": "multipart/form-data"}):
        for content in bodies:
            assert_answered(client.post("/auth/login", content=content, headers=headers), content)


@pytest.mark.parametrize("ts", [-(2**63) + 1, -(10**17), 0, 10**17, 2**62, 2**63 - 1])
@pytest.mark.parametrize("key", [-(2**63) + 1, 0, 2**63 - 1, "~", "=a"])
def test_a_cursor_from_beyond_all_time_is_answered(
    client: httpx.Client, user: User, server: Server, ts: int, key: int | str
) -> None:
    """Its query is known by a hash that whoever has one page can copy."""
    stored = [{"server_ulid": server.ulid, "timestamp": f"2024-05-01T1{n}:00:00Z", "temperature": n} for n in range(9)]
    client.post("/data", json=stored, headers=server.headers).raise_for_status()
    for more in ({}, {"aggregation": "hour"}, {"aggregation": "1mo", "tz": "Asia/Kathmandu"}, {"function": "delta"}):
        for order in ("asc", "desc"):
            asked = {"server_ulid": server.ulid, "limit": "1", "order": order, "sensor_type": "temperature", **more}
            page = client.get("/data", params=asked, headers=user.headers)
            if "next" not in page.links:
                continue
            query, _, _ = decode(httpx.URL(page.links["next"]["url"]).params["cursor"])
            crafted = asked | {"cursor": encode((query, ts, key))}
            assert_answered(client.get("/data", params=crafted, headers=user.headers), crafted)


ODD_KEYS: list[list[object]] = [
    ["x"], ["\u00a0\u200d\U0001f469"], ["2026-01-31T12:00:00Z", 1], ["x", 2**62], [2**62], [-(2**62)], [2**62, 2**62],
    [0, -(2**62)], [],
]  # fmt: skip
LISTS = [
    "/servers", "/fleet", "/jobs", "/keys", "/audit", "/views", "/rules", "/channels", "/incidents", "/notifications",
    "/silences", "/servers/{ulid}/presence", "/workspaces/{workspace}/members", "/workspaces/{workspace}/invitations",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_the_cursor_of_another_list_is_answered(client: httpx.Client, user: User, server: Server, path: str) -> None:
    (own,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    for key in ODD_KEYS:
        cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
        asked = path.format(ulid=server.ulid, workspace=own["workspace_ulid"])
        assert_answered(client.get(asked, params={"cursor": cursor}, headers=user.headers), key)
