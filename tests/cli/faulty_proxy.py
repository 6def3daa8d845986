"""A proxy in front of the running system that fails the next requests in chosen ways, then passes all on."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import httpx

PASSED_ON = ("authorization", "content-type", "content-encoding")


class FaultyProxy:
    """Listens on a free port of the loopback. Each request to `troubled` takes the first of `faults`:

    `503` and `429` answer so, with Retry-After, and pass nothing on; `no answer` closes the connection at
    once; `lost answer` passes the request on and closes the connection in place of the answer.
    """

    def __init__(self, target: str, troubled: str) -> None:
        self.troubled = troubled
        self.faults: list[str] = []
        self.lock = threading.Lock()
        self.client = httpx.Client(base_url=target, timeout=30, trust_env=False)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "FaultyProxy":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.client.close()

    def next_fault(self, method: str, path: str) -> str | None:
        with self.lock:
            hit = f"{method} {path}".startswith(self.troubled)
            return self.faults.pop(0) if hit and self.faults else None


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.handle_any()

        def do_POST(self) -> None:
            self.handle_any()

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            fault = proxy.next_fault(self.command, self.path)
            if fault in ("503", "429"):
                self.answer(int(fault), b'{"title": "Later", "detail": "Try again later."}', "1")
                return
            if fault == "no answer":
                self.close_connection = True
                return
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            response = proxy.client.request(self.command, self.path, content=body, headers=headers)
            if fault == "lost answer":
                self.close_connection = True
                return
            self.answer(response.status_code, response.content, None)

        def answer(self, status: int, content: bytes, retry_after: str | None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: faults are meant."""

    return Handler
