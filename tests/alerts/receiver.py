"""A receiver of webhooks: a real HTTP server that notes what comes, and answers as its paths say."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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
    """What came. `/ok` answers 204, `/half` fails every other request, `/redirect` points to `/ok`, `/500` fails."""

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
            status = 500 if fails else {"/redirect": 302, "/500": 500}.get(delivery.path, 204)
            if status == 204:
                self.taken[delivery.headers["webhook-id"]] += 1
            return status


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Delivery(self.path, headers, content))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", receiver.url("/ok"))
            self.send_header("Content-Length", "0")
            self.end_headers()

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
