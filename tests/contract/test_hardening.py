"""What protects the API from its clients: header fields, limits of heads and of time, other origins, proxies."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from tests.conftest import NewServer, User
from tests.contract.alone import Alone
from tests.contract.test_bare_path import Wire, open_wire
from tests.system import System

# The least that can be set, twice a second's look, five times.
CUT_WITHIN = 15.0
ORIGIN = "https://app.example.com"
FIELDS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@pytest.fixture(scope="module")
def strict(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """An API beside the system's, impatient, behind a proxy, and open to one other origin."""
    settings = {
        "DATABASE_URL": system.database_url,
        "REDIS_URL": system.redis_url,
        "DATA_DIR": str(system.data_dir),
        "SLOW_CLIENT_SECONDS": "1",
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "CORS_ORIGINS": ORIGIN,
        "PUBLIC_URL": "https://sentinela.example.com",
    }
    protocol = ("--http", "app.readings.protocol:IngestProtocol", "--no-proxy-headers")
    alone = Alone(tmp_path_factory.mktemp("strict"), *protocol, **settings)
    try:
        yield alone.until_ready()
    finally:
        alone.stop()


@pytest.fixture
def slow(strict: Alone) -> Iterator[Wire]:
    """A raw connection to it."""
    with strict.client() as client, open_wire(client) as wire:
        yield wire


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/openapi.json", "/data", "/nothing", "/", "/auth/me"])
def test_every_answer_is_data_and_nothing_else(client: httpx.Client, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert {name: answer.headers.get(name) for name in FIELDS} == FIELDS
    assert "strict-transport-security" not in answer.headers


def test_a_stored_reading_and_a_broken_request_say_so_too(
    client: httpx.Client, user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    body = {"server_ulid": server.ulid, "temperature": 1}
    for _ in range(5):
        answer = client.post("/data", json=body, headers=server.headers)
        assert answer.status_code == 201
        assert {name: answer.headers.get(name) for name in FIELDS} == FIELDS
    with open_wire(client) as wire:
        wire.send(b"NONSENSE\r\n\r\n")
        status, headers, text = wire.answer()
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert {name: headers.get(name) for name in FIELDS} == FIELDS
    assert json.loads(text)["detail"] == "This is not a valid HTTP request."


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/oauth2-redirect", "/ui/"])
def test_a_page_runs_no_script_that_it_did_not_come_with(client: httpx.Client, page: str) -> None:
    policy = client.get(page).headers["content-security-policy"]
    (scripts,) = [rule.split()[1:] for rule in policy.split(";") if rule.strip().startswith("script-src")]
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts
    assert any(source.startswith("'sha256-") for source in scripts) == ("<script>" in client.get(page).text)


def test_with_https_browsers_are_told_to_stay_with_it(strict: Alone) -> None:
    with strict.client() as client:
        assert client.get("/livez").headers["strict-transport-security"] == "max-age=31536000"


def test_no_other_origin_may_read_answers_unless_it_is_named(client: httpx.Client, strict: Alone, user: User) -> None:
    asks = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert "access-control-allow-origin" not in client.options("/data", headers=asks).headers
    assert "access-control-allow-origin" not in client.get("/data", headers=user.headers | {"Origin": ORIGIN}).headers
    with strict.client() as open_one:
        allowed = open_one.options("/data", headers=asks)
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in allowed.headers
        assert open_one.options("/data", headers=asks | {"Origin": "https://evil.example"}).status_code == 400
        answer = open_one.get("/data", headers=user.headers | {"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_a_named_origin_may_also_send(strict: Alone, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    body = {"server_ulid": server.ulid, "temperature": 1}
    with strict.client() as client:
        for _ in range(5):
            answer = client.post("/data", json=body, headers=server.headers | {"Origin": ORIGIN})
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, ORIGIN)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_named_origin_may_use_every_method_there_is(strict: Alone, client: httpx.Client, method: str) -> None:
    paths = client.get("/openapi.json").json()["paths"].values()
    assert any(method.lower() in operations for operations in paths)
    asks = {"Origin": ORIGIN, "Access-Control-Request-Method": method}
    with strict.client() as open_one:
        assert open_one.options("/views", headers=asks).status_code == 200


def address_of_last_login(client: httpx.Client, user: User, **headers: str) -> str:
    credentials = {"username": user.username, "password": user.password}
    answer = client.post("/auth/login", json=credentials, headers=headers).raise_for_status().json()
    token = {"Authorization": f"Bearer {answer['access_token']}"}
    sessions = client.get("/auth/sessions", headers=token).raise_for_status().json()
    return str(next(session["address"] for session in sessions if session["current"]))


def test_the_clients_address_is_a_trusted_proxy_s_word(client: httpx.Client, strict: Alone, user: User) -> None:
    chain = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    assert address_of_last_login(client, user, **chain) == "127.0.0.1"
    with strict.client() as behind:
        # What stands before the address that the proxy added itself, anybody may have written.
        assert address_of_last_login(behind, user, **chain) == "203.0.113.7"


@pytest.mark.parametrize("piece", [70_000, 200_000])
def test_a_head_past_the_limit_is_refused(client: httpx.Client, piece: int) -> None:
    with open_wire(client) as wire:
        try:
            wire.send(b"GET /livez HTTP/1.1\r\nHost: t\r\nX-Long: ", b"x" * piece, b"\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        status, headers, _ = wire.answer()
        assert (status, headers["connection"]) == (431, "close")


def test_a_large_body_is_no_large_head(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    body = json.dumps({"server_ulid": server.ulid, "temperature": 1}).encode() + b" " * 300_000
    assert client.post("/data", content=body, headers={**server.headers, "Content-Type": "application/json"}).is_success


def hanging(target: str, so_far: bytes = b"{") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    return head.encode() + so_far


# What comes at first, and then byte by byte.
HANGING = {
    "nothing": (b"", b""),
    "a part of a head": (b"POST /data HTTP/1.1\r\nHost: t\r\n", b""),
    "a head by drips": (b"POST /data HTTP/1.1\r\nX-Long: ", b"x"),
    "a part of a body": (hanging("/auth/login"), b""),
    "a body by drips": (hanging("/auth/login"), b" "),
    "a part of a reading": (hanging("/data"), b""),
    "a reading by drips": (hanging("/data"), b" "),
}


def test_clients_that_hang_are_told_and_cut(strict: Alone) -> None:
    """All at once: each takes the same time."""
    with strict.client() as client, ExitStack() as stack:
        wires = {what: stack.enter_context(open_wire(client)) for what in HANGING}
        for what, (first, _) in HANGING.items():
            wires[what].send(first)
        for _ in range(8):
            time.sleep(0.2)
            for what, (_, drip) in HANGING.items():
                with suppress(OSError):
                    wires[what].send(drip)
        for what, wire in wires.items():
            wire.connection.settimeout(CUT_WITHIN)
            status, headers, text = wire.answer()
            assert (status, headers["connection"]) == (408, "close"), what
            assert json.loads(text)["title"] == "Request too slow"
            assert wire.is_closed()


def test_a_client_that_takes_no_answer_is_cut(strict: Alone) -> None:
    with strict.client() as client, open_wire(client) as wire:
        wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # A schema has some hundred thousand bytes: together more than the buffers between the two.
        wire.send(b"GET /openapi.json HTTP/1.1\r\nHost: t\r\n\r\n" * 60)
        deadline = time.monotonic() + CUT_WITHIN
        while time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                wire.connection.send(b" ", socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError:
                return
        pytest.fail("still connected")


def test_a_client_that_sends_slowly_but_steadily_is_heard(slow: Wire, user: User, new_server: NewServer) -> None:
    """Three seconds for a body, thrice what a client may hang."""
    server = new_server(user)
    body = json.dumps({"server_ulid": server.ulid, "temperature": 1}).encode().ljust(900)
    head = "\r\n".join(
        ["POST /data HTTP/1.1", "Host: t", f"Authorization: Bearer {server.device_key}",
         "Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    ).encode()  # fmt: skip
    slow.send(head, *(body[start : start + 60] for start in range(0, 900, 60)), pause=0.2)
    assert slow.answer()[0] == 201
