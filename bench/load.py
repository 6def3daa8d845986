"""A closed-loop HTTP load: each connection sends its next request when the last one is answered.

By wrk where it is installed, else by a client of our own: plain asyncio over prepared bytes, because an HTTP client in
Python costs more than the server it measures.
"""

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_name("post.lua")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Result:
    """What one run gave: answers a second, and times in seconds."""

    rate: float
    seconds: float
    median: float
    p99: float
    failures: int
    answers: int


@dataclass(frozen=True, slots=True)
class Posts:
    """The same request again and again; `@INSTANT` or `@NUMBER` in the body is a microsecond of its own each time."""

    path: str
    body: str
    bearer: str = "none"

    def run(self, port: int, connections: int, seconds: float, *, own_client: bool = False) -> Result:
        """Send for so long."""
        first = time.time_ns() // 1000
        if WRK and not own_client:
            return self._by_wrk(port, connections, seconds, first)
        return drive(port, self._requests(first, time.monotonic() + seconds), connections)

    def _by_wrk(self, port: int, connections: int, seconds: float, first: int) -> Result:
        env = {"BENCH_PATH": self.path, "BENCH_KEY": self.bearer, "BENCH_BODY": self.body, "BENCH_FIRST": str(first)}
        command = [str(WRK), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "-s", str(SCRIPT)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], env=os.environ | env, capture_output=True, text=True, check=True
        )
        return _parsed(done.stdout)

    def _requests(self, first: int, until: float) -> Iterator[bytes]:
        number = first
        while time.monotonic() < until:
            number += 1
            instant = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=number)
            body = self.body.replace("@INSTANT", instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
            yield post(self.path, body.replace("@NUMBER", str(number)).encode(), self.bearer)


def _parsed(text: str) -> Result:
    """The report of wrk."""
    answers, seconds, unit = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    elapsed = float(seconds) * _UNITS[unit]
    failures = int(failed[1] if failed else 0) + sum(map(int, broken.groups() if broken else ()))
    return Result(int(answers) / elapsed, elapsed, _percentile(text, 50), _percentile(text, 99), failures, int(answers))


def _percentile(text: str, which: int) -> float:
    value, unit = re.search(rf"{which}%\s+([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(value) * _UNITS[unit]


class _Connection(asyncio.Protocol):
    """One connection; takes requests from the shared iterator until it is empty."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], failures: list[bytes]) -> None:
        self._requests = requests
        self._latencies = latencies
        self._failures = failures
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = whole_head(self._buffer)
        if not head:
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 2"):
            self._failures.append(self._buffer)
        self._buffer = b""
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._failures.append(b"connection lost")
            self.done.set_result(None)

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


async def _drive(port: int, requests: Iterable[bytes], connections: int) -> Result:
    pending = iter(requests)
    latencies: list[float] = []
    failures: list[bytes] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    protocols = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(lambda: _Connection(pending, latencies, failures), "127.0.0.1", port)
        protocols.append(protocol)
    await asyncio.gather(*(protocol.done for protocol in protocols))
    elapsed = time.perf_counter() - started
    percentiles = quantiles(latencies, n=100)
    if failures:
        print("first failure:", failures[0][:300])
    return Result(len(latencies) / elapsed, elapsed, percentiles[49], percentiles[98], len(failures), len(latencies))


def drive(port: int, requests: Iterable[bytes], connections: int) -> Result:
    """Send all requests over so many connections; the rate counts every answer."""
    return asyncio.run(_drive(port, requests, connections))


def post(path: str, body: bytes, bearer: str, kind: str = "application/json") -> bytes:
    """The bytes of one keep-alive POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def whole_head(answer: bytes) -> bytes:
    """The head of an answer, once all of it is there; else nothing."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    return head if separator and len(body) >= _content_length(head) else b""


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
