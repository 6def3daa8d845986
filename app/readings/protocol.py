"""The bare path as part of uvicorn's HTTP protocol: a reading is answered without scope, task or ASGI messages.

`uvicorn --http app.readings.protocol:IngestProtocol`. Everything that the bare path does not take goes the usual way,
and whatever comes on a connection behind a reading that still waits for its commit is queued by uvicorn as usual.
"""

import asyncio
from functools import partial
from typing import Any

from app.core.connections import ABORT
from app.core.guarded import GuardedProtocol
from app.core.identifiers import new_request_id
from app.core.security import LINES
from app.readings.bare import PATHS, Sent, understand
from app.readings.errors import FAILURE
from app.readings.waiting import Stored

_URLS = frozenset(path.encode() for path in PATHS)
# A reading has some 200 bytes; whatever is larger need not be fast.
MAX_BODY = 4096


class _Cycle:
    """What uvicorn's protocol wants to know of a request under way."""

    # Set when the connection is lost; nobody here waits for it, so that one serves all.
    message_event = asyncio.Event()

    def __init__(self) -> None:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True


class _Joined:
    """Uvicorn's own header fields as bytes; it makes a new list of them every second, for the date."""

    def __init__(self) -> None:
        self._pairs: object = None
        self._fields = b""

    def __call__(self, pairs: list[tuple[bytes, bytes]]) -> bytes:
        if pairs is not self._pairs:
            self._pairs, self._fields = pairs, b"".join(b"%b: %b\r\n" % pair for pair in pairs)
        return self._fields


_fields = _Joined()


class IngestProtocol(GuardedProtocol):
    """Holds back the start of a `POST /data` until its body is there, then decides which way it goes."""

    _body: bytes | None = None
    """What came of the body of a request that was held back; None: the request goes the usual way."""

    def on_head(self) -> None:
        self._body = b"" if self._may_be_bare() else None
        if self._body is None:
            self._hand_over()

    def on_body(self, body: bytes) -> None:
        if self._body is None:
            super().on_body(body)
            return
        self._body += body
        if len(self._body) > MAX_BODY:
            self._go_the_usual_way()

    def on_message_complete(self) -> None:
        if self._body is None:
            super().on_message_complete()
            return
        sent = understand(self.app_state["intake"], self.headers, self._body)
        if sent is None:
            self._go_the_usual_way()
            super().on_message_complete()
        else:
            self.request_is_complete()
            self._store(sent, self._body)

    def _may_be_bare(self) -> bool:
        return (
            self.url in _URLS
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and bool(self.parser.should_keep_alive())
            and not self.expect_100_continue
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and self.limit_concurrency is None
            and "intake" in self.app_state
        )

    def _hand_over(self) -> None:
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]
        super().on_head()

    def _go_the_usual_way(self) -> None:
        body, self._body = self._body, None
        self._hand_over()
        super().on_body(body or b"")

    def _store(self, sent: Sent, body: bytes) -> None:
        cycle: Any = _Cycle()
        self.cycle = cycle
        try:
            answer = self.app_state["intake"].commits.submit(sent.reading)
        except Exception as error:
            self._fail(cycle, self.scope, body, error)
        else:
            answer.add_done_callback(partial(self._committed, cycle, sent, self.scope, body))

    def _committed(self, cycle: _Cycle, sent: Sent, scope: Any, body: bytes, answer: "asyncio.Future[Stored]") -> None:
        if error := answer.exception():
            self._fail(cycle, scope, body, error)
            return
        text = sent.answer(answer.result().values)
        head = b"content-type: application/json\r\n%bx-request-id: %b\r\n" % (LINES, new_request_id().encode())
        for name, value in sent.limits.items():
            head += b"%b: %b\r\n" % (name.lower().encode(), value.encode())
        self._write(cycle, b"201 Created", head, text)

    def _fail(self, cycle: _Cycle, scope: Any, body: bytes, error: BaseException) -> None:
        """Let the app answer: it knows how every error looks."""
        # Not self.url: that may be the next request's by now.
        fields = {"method": "POST", "path": PATHS[0], "raw_path": PATHS[0].encode(), "query_string": b""}
        task = self.loop.create_task(self._ask_app(cycle, {**scope, **fields, FAILURE: error}, body))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _ask_app(self, cycle: _Cycle, scope: Any, body: bytes) -> None:
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        start, *pieces = messages
        head = b"".join(b"%b: %b\r\n" % pair for pair in start["headers"] if pair[0] != b"content-length")
        text = b"".join(piece.get("body", b"") for piece in pieces)
        self._write(cycle, b"%d " % start["status"], head, text)

    def _write(self, cycle: _Cycle, status: bytes, head: bytes, body: bytes) -> None:
        cycle.response_complete = True
        if cycle.disconnected:
            return
        default = _fields(self.server_state.default_headers)
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        self.transport.write(
            b"HTTP/1.1 %b\r\n%b%b%bcontent-length: %d\r\n\r\n%b" % (status, default, head, close, len(body), body)
        )
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
