"""A receiver of webhooks: a real HTTP server that notes what comes, and answers as its paths say."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATUSES = {"/redirect": 302, "/500": 500, "/no_service": 404, "/busy": 429, "/page": 403}
TEXTS = {"/no_service": b"no_service", "/page": b"<html>of an internal service</html>"}
TELEGRAM = {
    200: b'{"ok":true,"result":{}}',
    400: b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
    429: b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":5}}',
}


@dataclass(frozen=True)
class Delivery:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found


@dataclass
class Receiver:
    """What came. `/ok` answers 204, `/half` fails every other request, `/redirect` points to `/ok`, `/500` fails.

    `/no_service`, `/busy` and `/page` refuse as Slack or a proxy does, `/telegram/…` answers as Telegram.
    """

    port: int = 0
    deliveries: list[Delivery] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    """How often each id was answered with a 2xx."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self, delivery: Delivery) -> int:
        """Note it; the status to answer with."""
        with self._lock:
            self.deliveries.append(delivery)
            fails = delivery.path == "/half" and len(self.deliveries) % 2
            status = 500 if fails else STATUSES.get(delivery.path, 204)
            if delivery.path.startswith("/telegram/"):
                status = {"-400": 400, "-429": 429}.get(delivery.body["chat_id"], 200)
            if status == 204:
                self.taken[delivery.headers.get("webhook-id", "")] += 1
            return status


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            content = self.rfile.read(size)
            if len(content) < size:
                # The sender was killed as it sent: nothing has come.
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Delivery(self.path, headers, content))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", receiver.url("/ok"))
            if status == 429:
                self.send_header("Retry-After", "7" if self.path == "/busy" else "1")
            said = TEXTS.get(self.path, TELEGRAM.get(status, b"") if self.path.startswith("/telegram/") else b"")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
