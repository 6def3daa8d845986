"""MQTT payloads as lines of NDJSON: `sentinela/{server_ulid}/data` says whose they are, the payload says the rest.

A payload is a JSON object, a JSON array of them, or line protocol with instants in nanoseconds. A broker can keep
a device to its own topic, so a payload that names another server is refused.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from app.compat.lines import BadLine, parse
from app.compat.mapping import Mapping
from app.compat.points import microseconds
from app.core.clock import format_microseconds

TOPIC = "sentinela/+/data"
_DEFAULT = Mapping()

_encode = msgspec.json.Encoder().encode


class BadPayload(ValueError):
    """A message that holds no reading, and why."""


def documents(topic: str, payload: bytes) -> list[bytes]:
    """A line of NDJSON for each reading of a message. Raises: BadPayload."""
    server = _server(topic)
    read = _from_json if payload.lstrip()[:1] in (b"{", b"[") else _from_lines
    found = [_encode({**reading, "server_ulid": server}) for reading in read(payload, server)]
    if not found:
        raise BadPayload("The payload is empty")
    return found


def _server(topic: str) -> str:
    parts = topic.split("/")
    if len(parts) < 2 or not parts[-2]:
        raise BadPayload("The topic must be sentinela/{server_ulid}/data")
    return parts[-2]


def _from_json(payload: bytes, server: str) -> Iterator[dict[str, Any]]:
    try:
        content = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPayload(f"Invalid JSON: {error}") from None
    for item in content if isinstance(content, list) else [content]:
        if not isinstance(item, dict):
            raise BadPayload("A reading must be a JSON object")
        named = item.get("server_ulid")
        if named is not None and str(named).upper() != server.upper():
            raise BadPayload("The payload names another server than its topic")
        yield item


def _from_lines(payload: bytes, server: str) -> Iterator[dict[str, Any]]:
    try:
        lines = payload.decode().splitlines()
    except UnicodeDecodeError:
        raise BadPayload("The payload is neither JSON nor UTF-8") from None
    for line in filter(None, map(str.strip, lines)):
        if not line.startswith("#"):
            yield _from_line(line, server)


def _from_line(line: str, server: str) -> dict[str, Any]:
    try:
        point = parse(line)
        instant = microseconds(point, "ns")
    except BadLine as error:
        raise BadPayload(str(error)) from None
    if point.head.tags.get("server_ulid", server).upper() != server.upper():
        raise BadPayload("The payload names another server than its topic")
    values = {_DEFAULT.quantity(point.head, name): value for name, value in point.fields.items()}
    return values if instant is None else {"timestamp": format_microseconds(instant), **values}
