"""What streams may cost: their number, a reader that does not read, and the time to stop."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from tests.contract.calls import metric, stamp
from tests.contract.problems import assert_problem
from tests.live.reader import listening
from tests.system import System, scratch_folder

LIMIT = 4
# What a stream that nobody reads may hold up: the buffer, what the kernel takes, and the time until it is cut.
CUT_SECONDS = 60.0


@pytest.fixture(scope="module")
def own() -> Iterator[System]:
    running = System(scratch_folder(), LIVE_STREAMS=str(LIMIT))
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def admin(own: System) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {own.admin_key}"}
    with httpx.Client(base_url=own.url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


def register(admin: httpx.Client, name: str) -> str:
    return str(admin.post("/servers", json={"server_name": name}).raise_for_status().json()["server_ulid"])


def open_streams(admin: httpx.Client) -> float:
    return metric(admin, "sentinela_streams")


def test_past_the_bound_a_stream_is_refused_until_another_has_ended(own: System, admin: httpx.Client) -> None:
    headers = dict(admin.headers)
    with ExitStack() as stack:
        for _ in range(LIMIT):
            stack.enter_context(listening(own.url, headers))
        refused = admin.get("/data/stream")
        problem = assert_problem(refused, 503)
        assert problem["type"].endswith("too-many-streams")
        assert int(refused.headers["Retry-After"]) >= 1
    deadline = time.monotonic() + 10
    while open_streams(admin):
        assert time.monotonic() < deadline, "readers that have gone are forgotten"
        time.sleep(0.05)
    with listening(own.url, headers):
        assert open_streams(admin) == 1


# 40 MB of frames in one process of tests: some 15 s.
@pytest.mark.long
def test_a_reader_that_does_not_read_is_cut_off_and_the_others_notice_nothing(own: System, admin: httpx.Client) -> None:
    ulids = [register(admin, f"flood-{number}") for number in range(10)]
    # Some 4 KB a reading, so that a second of them fills every buffer on the way.
    wide = {f"quantity_with_quite_a_long_name_{number:03}": 1.5 for number in range(90)}
    with deaf_reader(own, admin), listening(own.url, dict(admin.headers)) as reader:
        for number in range(60):
            stamps = [stamp(days=number, seconds=second) for second in range(20)]
            batch = [{"server_ulid": ulid, "timestamp": text, **wide} for ulid in ulids for text in stamps]
            assert admin.post("/data", json=batch).json()["accepted"] == len(batch)
            if metric(admin, "sentinela_streams_dropped_total"):
                break
        deadline = time.monotonic() + CUT_SECONDS
        while open_streams(admin) > 1:
            assert time.monotonic() < deadline, "the deaf reader still holds its place"
            time.sleep(0.1)
        admin.post("/data", json={"server_ulid": ulids[0], "temperature": 7.25}).raise_for_status()
        # The reader takes in some 40 MB of the flood before, in the tests' own process.
        reader.wait(lambda: any(item.get("temperature") == 7.25 for item in reader.of("reading")), 60.0)
        assert not reader.ended.is_set()
        assert metric(admin, "sentinela_streams_dropped_total") >= 1


def deaf_reader(own: System, admin: httpx.Client) -> socket.socket:
    """A connection that asks for the stream and then takes nothing from it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", urlsplit(own.url).port or 80))
    request = f"GET /data/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {admin.headers['Authorization']}\r\n\r\n"
    connection.sendall(request.encode())
    assert connection.recv(64).startswith(b"HTTP/1.1 200")
    return connection


def test_open_streams_do_not_keep_the_system_from_stopping(own: System, admin: httpx.Client) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(listening(own.url, dict(admin.headers))) for _ in range(LIMIT - 1)]
        stack.enter_context(deaf_reader(own, admin))
        begun = time.monotonic()
        assert own.stop() == 0
        assert time.monotonic() - begun < 5 * 5
        assert all(reader.ended.wait(5) for reader in readers)
    assert "Traceback" not in own.output.read_text(errors="replace")
