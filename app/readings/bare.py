"""The bare path: one JSON reading from a known key to a known server, without a framework.

It answers only what needs no second thought; a fault, an unknown name, an option or anything else goes on to the
route, which knows every case. So both answer alike, and this stays small. Two doors lead to it: `BareIngest` is an ASGI
layer for any server, `protocol.IngestProtocol` spares uvicorn the ASGI call as well.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping

import msgspec
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from app.core import metrics, tracing
from app.core.access_log import access_log
from app.core.clock import format_microseconds, parse_instant, to_microseconds
from app.core.identifiers import new_request_id
from app.core.security import FIELDS
from app.readings.errors import FAILURE
from app.readings.intake import Intake
from app.readings.quantities import BOUNDS, CUSTOM_BOUNDS
from app.readings.rows import Reading

PATHS = ("/data", "/data/")
# Headers that ask for more than the bare path gives.
_MORE = tracing.HEADERS | frozenset(
    (b"content-encoding", b"idempotency-key", b"sentinela-workspace", b"x-request-id", b"expect", b"origin")
)
# Lengths of an instant that goes out as it came in: in seconds, and with six digits of a fraction.
_WHOLE, _FULL = len("2026-01-31T12:00:00Z"), len("2026-01-31T12:00:00.000001Z")

_decode = msgspec.json.Decoder(dict[str, float | str | None]).decode
_encode = msgspec.json.Encoder().encode
_CREATED = metrics.REQUESTS.labels("POST", "/data", "201")
_SECONDS = metrics.Observations(metrics.REQUEST_SECONDS.labels("POST", "/data"))


class Sent:
    """A reading that may be stored, and what its answer repeats."""

    __slots__ = ("instant", "limits", "reading", "started", "ulid")

    def __init__(self, ulid: str, instant: str, reading: Reading, limits: Mapping[str, str]) -> None:
        self.started = time.perf_counter()
        self.ulid = ulid
        self.instant = instant
        self.reading = reading
        self.limits = limits
        """Header fields."""

    def answer(self, values: dict[str, float]) -> bytes:
        """The stored reading as JSON; counts the request."""
        if _SECONDS.add(time.perf_counter() - self.started) == 1:
            # After the other answers of the same commit, which come in the same turn of the loop.
            asyncio.get_running_loop().call_soon(_count)
        return _encode({"timestamp": self.instant, "server_ulid": self.ulid, **values})


def understand(intake: Intake, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Sent | None:
    """The reading of a `POST /data`, when there is nothing to ask or to refuse; header names in lower case."""
    credential = _credential(headers)
    resolver = intake.resolver
    principal = resolver.senders.known_principal(credential, None) if credential else None
    if principal is None or "write" not in principal.scopes:
        return None
    try:
        values = _decode(body)
        ulid, instant = values.pop("server_ulid"), values.pop("timestamp", None)
        ts = resolver.clock.next() if instant is None else to_microseconds(parse_instant(instant))
    except (msgspec.DecodeError, KeyError, ValueError):
        return None
    measured = _measured(values)
    if not measured or not resolver.registry.all_known(principal.workspace_id, measured.keys()):
        return None
    server_id = resolver.senders.known_server(principal, ulid) if isinstance(ulid, str) else None
    limits = intake.quota.spend(principal) if server_id is not None else None
    if server_id is None or limits is None:
        return None
    return Sent(str(ulid), _canonical(instant, ts), Reading(server_id, ts, measured), limits)


class BareIngest:
    """In front of the whole app, whose state it shares."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS or scope["method"] != "POST" or scope["query_string"]:
            await self.app(scope, receive, send)
            return
        message = await receive()
        whole = message["type"] == "http.request" and not message.get("more_body")
        sent = await self._understand(scope, message["body"]) if whole else None
        if sent is None or not await self._store(sent, scope, send):
            await self.app(scope, _again(message, receive), send)

    async def _understand(self, scope: Scope, body: bytes) -> Sent | None:
        """None when the app is to answer; also when nobody's rights can be read, which it then says."""
        intake = self.app.state.intake
        try:
            await intake.resolver.senders.renew()
        except Exception as error:
            scope[FAILURE] = error
            return None
        return understand(intake, scope["headers"], body)

    async def _store(self, sent: Sent, scope: Scope, send: Send) -> bool:
        """Store and answer; False when that failed, which the app then answers."""
        try:
            stored = await self.app.state.intake.commits.submit(sent.reading)
        except Exception as error:
            scope[FAILURE] = error
            return False
        body = sent.answer(stored.values)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *FIELDS,
            (b"x-request-id", new_request_id().encode()),
            *((name.lower().encode(), value.encode()) for name, value in sent.limits.items()),
        ]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True


def _count() -> None:
    access_log.note_readings(_SECONDS.gathered)
    _CREATED.inc(_SECONDS.write())


def _credential(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The bearer's credential of a request that asks for nothing unusual."""
    credential = None
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            credential = value[7:].decode("latin-1")
        elif (name == b"content-type" and not _is_json(value)) or name in _MORE:
            return None
    return credential


def _is_json(media_type: bytes) -> bool:
    return media_type == b"application/json" or media_type.startswith((b"application/json;", b"application/json ;"))


def _measured(values: dict[str, float | str | None]) -> dict[str, float]:
    """The values within their bounds; empty when there is none, or one that is not."""
    measured = {}
    for name, value in values.items():
        if value is None:
            continue
        lowest, highest = BOUNDS.get(name, CUSTOM_BOUNDS)
        if isinstance(value, str) or not lowest <= value <= highest:
            return {}
        measured[name] = value
    return measured


def _canonical(instant: float | str | None, ts: int) -> str:
    """The instant as answers show it; nearly all come in that form, and making it anew takes 4 µs."""
    if isinstance(instant, str) and instant[-1] == "Z" and instant[10] == "T" and _as_answered(instant, ts):
        return instant
    return format_microseconds(ts)


def _as_answered(instant: str, ts: int) -> bool:
    return len(instant) == _WHOLE or (len(instant) == _FULL and instant[19] == "." and ts % 1_000_000 != 0)


def _again(first: Message, receive: Receive) -> Receive:
    """The request from its beginning, for the app: the first message was read already."""
    pending = [first]

    async def receive_from_first() -> Message:
        return pending.pop() if pending else await receive()

    return receive_from_first
