"""A collector of traces in this process: takes OTLP over HTTP as any other does, and keeps the spans."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE_SECONDS = 25.0


@dataclass(frozen=True)
class Span:
    """A span as it arrived; identifiers in hexadecimal, `parent` empty for the first of its trace."""

    service: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    links: tuple[str, ...]
    """Traces that it is linked with."""


@dataclass
class Collector:
    """Spans by arrival."""

    server: ThreadingHTTPServer
    spans: list[Span] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def trace(self, trace_id: str, complete: Callable[[list[Span]], bool]) -> list[Span]:
        """The spans of a trace as soon as they are `complete`; processes export every few seconds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [span for span in list(self.spans) if span.trace == trace_id]
            if complete(found):
                return found
            assert time.monotonic() < deadline, "\n".join(map(str, found)) or f"nothing came of {trace_id}"
            time.sleep(0.1)


def running() -> Iterator[Collector]:
    """A collector that listens until the generator is closed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    collector = server.collector = Collector(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield collector
    server.shutdown()
    server.server_close()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        collector: Collector = self.server.collector  # type: ignore[attr-defined]
        collector.bodies.append(body)
        collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests have nothing to read in it."""


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = _attributes(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service,
                    span.name,
                    span.kind,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    _attributes(span.attributes),
                    tuple(link.trace_id.hex() for link in span.links),
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}
