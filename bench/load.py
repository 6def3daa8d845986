"""A closed-loop HTTP load: each connection sends its next request when the last one is answered.

Plain asyncio over prepared bytes, because an HTTP client in Python costs more than the server it measures.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Result:
    """What one run gave: answers a second, and latencies in seconds."""

    rate: float
    median: float
    p99: float
    failures: int


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
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if not head.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")):
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


async def _drive(port: int, requests: Sequence[bytes], connections: int) -> Result:
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
    return Result(len(latencies) / elapsed, percentiles[49], percentiles[98], len(failures))


def drive(port: int, requests: Sequence[bytes], connections: int) -> Result:
    """Send all requests over so many connections; the rate counts every answer."""
    return asyncio.run(_drive(port, requests, connections))


def post(path: str, body: bytes, bearer: str) -> bytes:
    """The bytes of one keep-alive POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
