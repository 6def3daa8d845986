"""The bare path of POST /data: it answers as the route does, whatever a client does with its connection."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import readings_of, stamp

WAIT = 20.0


class Wire:
    """One raw connection to the API."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._stream = connection.makefile("rb")

    def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        for piece in pieces:
            self.connection.sendall(piece)
            time.sleep(pause)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers in lower case, body."""
        status = int(self._stream.readline().split()[1])
        headers = {}
        while line := self._stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self._stream.read(int(headers["content-length"]))

    def is_closed(self) -> bool:
        return self._stream.read(1) == b""


@pytest.fixture
def wire(client: httpx.Client) -> Iterator[Wire]:
    with open_wire(client) as opened:
        yield opened


@contextmanager
def open_wire(client: httpx.Client) -> Iterator[Wire]:
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=WAIT) as connection:
        yield Wire(connection)


@pytest.fixture
def warm(client: httpx.Client, server: Server) -> Server:
    """A server that every process knows: both were asked often enough."""
    for number in range(20):
        body = {"server_ulid": server.ulid, "timestamp": stamp(days=1, seconds=number), "voltage": 1}
        assert client.post("/data", json=body, headers={**server.headers, "Connection": "close"}).status_code == 201
    return server


def reading(server: Server, second: int, **more: object) -> bytes:
    return json.dumps(
        {"server_ulid": server.ulid, "timestamp": stamp(seconds=second), "temperature": 1, **more}
    ).encode()


def request(server: Server, body: bytes, *headers: str, version: str = "1.1") -> bytes:
    lines = [
        f"POST /data HTTP/{version}", "Host: test", f"Authorization: Bearer {server.device_key}",
        "Content-Type: application/json", f"Content-Length: {len(body)}", *headers,
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode() + body


def temperatures(client: httpx.Client, user: User, server: Server) -> list[float]:
    return [row["temperature"] for row in readings_of(client, user, server) if "temperature" in row]


REST = [
    '"timestamp": "2024-05-01T10:00:00Z", "temperature": 1',
    '"timestamp": "2024-05-01T10:00:00.120Z", "current": 0',
    '"timestamp": "2024-05-01T10:00:00.000000Z", "temperature": -0.0',
    '"temperature": 1e3, "humidity": null',
    '"timestamp": "2024-05-01T10:00:00.123456Z", "voltage": 219',
    '"timestamp": "2024-05-01 10:00-03:00", "current": 2',
    '"timestamp": "2024-05-01t10:00:00z", "voltage": 1',
    '"timestamp": null, "voltage": 1, "flow": 3.5',
    '"humidity": 101',
    '"temperature": "1"',
    '"temperature": true',
    '"temperature": 1e400',
    '"temperatur": 1',
    "",
    '"timestamp": 5, "voltage": 1',
    '"timestamp": "2024-02-30T10:00:00Z", "voltage": 1',
    '"voltage": 1, "voltage": 2',
]
"""What follows the server in a body: taken by the bare path, left to the route, or refused."""


@pytest.mark.parametrize("text", REST)
def test_both_ways_answer_alike(wire: Wire, warm: Server, text: str) -> None:
    body = f'{{"server_ulid": "{warm.ulid}"{", " if text else ""}{text}}}'.encode()
    wire.send(request(warm, body))
    bare = wire.answer()
    # A request that brings its own id goes to the route.
    wire.send(request(warm, body, "X-Request-ID: mine"))
    route = wire.answer()
    assert bare[0] == route[0]
    assert bare[1]["content-type"] == route[1]["content-type"]
    assert bare[1].keys() == route[1].keys()
    answers = [json.loads(answer) for _, _, answer in (bare, route)]
    for answer in answers:
        answer.pop("request_id", None)
        if '"timestamp": "' not in text:
            answer.pop("timestamp", None)
    assert answers[0] == answers[1]


def test_three_requests_in_one_packet_are_answered_in_order(
    client: httpx.Client, user: User, wire: Wire, warm: Server
) -> None:
    wire.send(b"".join(request(warm, reading(warm, second, temperature=second)) for second in range(3)))
    answers = [wire.answer() for _ in range(3)]
    assert [status for status, _, _ in answers] == [201, 201, 201]
    assert [json.loads(body)["temperature"] for _, _, body in answers] == [0, 1, 2]
    assert temperatures(client, user, warm) == [0, 1, 2]


def test_another_request_behind_a_reading_waits_for_its_answer(wire: Wire, warm: Server) -> None:
    wire.send(request(warm, reading(warm, 0)) + b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
    assert wire.answer()[0] == 201
    assert json.loads(wire.answer()[2]) == {"status": "ok"}


def test_a_body_in_pieces_is_one_reading(client: httpx.Client, user: User, wire: Wire, warm: Server) -> None:
    whole = request(warm, reading(warm, 0))
    wire.send(*(whole[start : start + 40] for start in range(0, len(whole), 40)), pause=0.01)
    assert wire.answer()[0] == 201
    assert temperatures(client, user, warm) == [1]


def test_a_reading_with_much_white_space_is_stored(client: httpx.Client, user: User, wire: Wire, warm: Server) -> None:
    wire.send(request(warm, reading(warm, 0) + b" " * 10_000))
    assert wire.answer()[0] == 201
    assert temperatures(client, user, warm) == [1]


def test_who_asks_to_close_is_answered_and_closed(wire: Wire, warm: Server) -> None:
    wire.send(request(warm, reading(warm, 0), "Connection: close"))
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (201, "close")
    assert wire.is_closed()


def test_an_old_client_is_answered_and_closed(wire: Wire, warm: Server) -> None:
    wire.send(request(warm, reading(warm, 0), version="1.0"))
    assert wire.answer()[0] == 201
    assert wire.is_closed()


def test_who_waits_for_leave_to_send_gets_it(wire: Wire, warm: Server) -> None:
    body = reading(warm, 0)
    head = request(warm, body, "Expect: 100-continue").removesuffix(body)
    wire.send(head)
    assert wire.connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(body)
    assert wire.answer()[0] == 201


def test_a_client_that_leaves_before_its_answer_does_no_harm(client: httpx.Client, user: User, warm: Server) -> None:
    for second in range(20):
        with open_wire(client) as leaving:
            leaving.send(request(warm, reading(warm, second)))
    with open_wire(client) as staying:
        staying.send(request(warm, reading(warm, 30)))
        assert staying.answer()[0] == 201
    assert len(temperatures(client, user, warm)) >= 1
    assert client.get("/readyz").status_code == 200


def test_a_connection_serves_many_readings(client: httpx.Client, user: User, wire: Wire, warm: Server) -> None:
    for second in range(50):
        wire.send(request(warm, reading(warm, second)))
        assert wire.answer()[0] == 201
    assert len(temperatures(client, user, warm)) == 50
