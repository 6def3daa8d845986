"""Many clients at once, each on a connection of its own, over plain sockets.

A thread with an HTTP library each would spend the machine on the clients; this costs the test little and leaves
the processors to the system under test.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


def json_request(path: str, body: Any, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST of `body` as it goes over the wire."""
    content = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def burst(url: str, lanes: Sequence[Sequence[bytes]]) -> list[list[Answer]]:
    """The answers of each lane: a connection that sends its requests one after the other.

    All connections are open before the first request goes out, so that the lanes really race.
    """
    return asyncio.run(_burst(url, lanes))


async def _burst(url: str, lanes: Sequence[Sequence[bytes]]) -> list[list[Answer]]:
    host, port = urlsplit(url).hostname, urlsplit(url).port
    connections = [await asyncio.open_connection(host, port) for _ in lanes]
    pairs = zip(connections, lanes, strict=True)
    try:
        return await asyncio.gather(*(_lane(reader, writer, lane) for (reader, writer), lane in pairs))
    finally:
        for _, writer in connections:
            writer.close()
            await writer.wait_closed()


async def _lane(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes]) -> list[Answer]:
    answers = []
    for request in requests:
        writer.write(request)
        await writer.drain()
        answers.append(await _answer(reader))
    return answers


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    lengths = [line.split(":")[1] for line in head.splitlines() if line.startswith("content-length:")]
    # A 204 has no body, and so says no length.
    return Answer(status, await reader.readexactly(int(lengths[0]) if lengths else 0))
