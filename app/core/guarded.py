"""Uvicorn's HTTP protocol with limits: how large a request's head may be, and how long a client may take.

By itself it waits for ever for the rest of a head or of a body, so that one machine with a few thousand connections
that send a byte a minute holds the port. Once a second every connection is looked at; requests pay nothing for that.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.identifiers import new_request_id
from app.core.problems import MEDIA_TYPE
from app.core.security import LINES
from app.core.settings import get_settings

# A head has some 500 bytes, with a browser's cookies a few thousand; proxies take 8 or 32 KiB.
MAX_HEAD_BYTES = 64 * 1024
# A body that comes more slowly hangs; the slowest modems of the field send ten times as much.
MIN_BYTES_PER_SECOND = 100
LOOK_SECONDS = 1.0

_TITLES = {400: "Bad request", 408: "Request too slow", 431: "Request head too large"}
_DETAILS = {
    400: "This is not a valid HTTP request.",
    408: "The request did not come within the time that is allowed; send it again.",
    431: f"The request line and headers are larger than {MAX_HEAD_BYTES} bytes.",
}
Mark = tuple[str, int]
"""What a connection waits for, and of which of its requests or at which number of bytes."""


class HeadTooLarge(Exception):
    """Raised through the parser, which stops by it."""


class GuardedProtocol(HttpToolsProtocol):
    """Refuses heads past the limit and cuts clients that hang."""

    # Plain numbers, and as few calls as can be: a reading pays for each.
    _received = 0
    """Bytes of this connection before the ones that are being parsed."""
    _coming = 0
    """Bytes that are being parsed."""
    _begun = 0
    """How many had come when the request before this one was complete."""
    _requests = 0
    """How many requests are complete."""
    _in_body = False
    _status = 400
    """What a request is refused with that the parser gives up."""
    _mark: Mark | None = None
    _mark_bytes = 0
    _mark_time = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _watch(self.loop, self.connections)

    def data_received(self, data: bytes) -> None:
        self._coming = size = len(data)
        HttpToolsProtocol.data_received(self, data)
        self._received += size
        if not self._in_body and self._received - self._begun > MAX_HEAD_BYTES:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        self._in_body = True
        # Added up only when so much has come that it may be too much.
        if self._received + self._coming - self._begun > MAX_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                self._status = 431
                raise HeadTooLarge
        self.on_head()

    def on_head(self) -> None:
        """The head is there, and not too large."""
        HttpToolsProtocol.on_headers_complete(self)

    def on_message_complete(self) -> None:
        self.request_is_complete()
        HttpToolsProtocol.on_message_complete(self)

    def request_is_complete(self) -> None:
        """What comes from here on is the next request's."""
        self._in_body = False
        self._requests += 1
        self._begun = self._received + self._coming

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text is for its log
        self._refuse(self._status)

    def look(self, now: float, seconds: float) -> None:
        """Cut the connection when nothing went on for `seconds` that must go on."""
        mark = self._waits_for()
        if mark is None or mark != self._mark:
            self._mark, self._mark_bytes, self._mark_time = mark, self._received, now
        elif now - self._mark_time >= seconds:
            self._judge(now)

    def _waits_for(self) -> Mark | None:
        """What the other side has to do now; None when it is our turn, or nobody's."""
        if self.flow.write_paused:
            return "taking", self.transport.get_write_buffer_size()
        if self.flow.read_paused or self.transport.is_closing():
            return None
        busy = self.cycle is not None and not self.cycle.response_complete
        if self._in_body:
            return None if getattr(self.cycle, "waiting_for_100_continue", False) else ("body", self._requests)
        if busy:
            return None
        waits = self._requests > 0 and self._received == self._begun
        return "between" if waits else "head", self._requests

    def _judge(self, now: float) -> None:
        enough = MIN_BYTES_PER_SECOND * (now - self._mark_time)
        if self._mark and self._mark[0] == "body" and self._received - self._mark_bytes >= enough:
            self._mark = None
        elif self._mark and self._mark[0] in ("taking", "between"):
            # Who does not read would not take an answer either; and between two requests none is due.
            self.transport.abort()
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Answer, where no other answer is under way, and close."""
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            if getattr(cycle, "scope", None) is not self.scope or cycle.response_started:
                self.transport.abort()
                return
            # Whatever the app may still say comes too late.
            cycle.disconnected = True
        request_id = new_request_id()
        body = {
            "type": f"urn:sentinela:problem:{_TITLES[status].lower().replace(' ', '-')}",
            "title": _TITLES[status],
            "status": status,
            "detail": _DETAILS[status],
            "request_id": request_id,
        }
        text = json.dumps(body).encode()
        head = b"HTTP/1.1 %d %b\r\n" % (status, _TITLES[status].encode())
        head += b"".join(b"%b: %b\r\n" % field for field in self.server_state.default_headers) + LINES
        head += b"content-type: %b\r\nx-request-id: %b\r\n" % (MEDIA_TYPE.encode(), request_id.encode())
        self.transport.write(head + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(text) + text)
        self.transport.close()


_watched: set[int] = set()
"""Sets of connections that are looked after, by identity; a server has one."""


def _watch(loop: asyncio.AbstractEventLoop, connections: set[Any]) -> None:
    seconds = get_settings().slow_client_seconds
    if seconds and id(connections) not in _watched:
        _watched.add(id(connections))
        loop.call_later(LOOK_SECONDS, _look_at_all, loop, connections, float(seconds))


def _look_at_all(loop: asyncio.AbstractEventLoop, connections: set[Any], seconds: float) -> None:
    """Look at every connection, and again in a while; ends when there is none."""
    if not connections:
        _watched.discard(id(connections))
        return
    loop.call_later(LOOK_SECONDS, _look_at_all, loop, connections, seconds)
    now = loop.time()
    for connection in tuple(connections):
        if isinstance(connection, GuardedProtocol):
            connection.look(now, seconds)
