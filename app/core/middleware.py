"""What surrounds every request: its id, its trailing slash, its metrics, its log line, and the answer to a bug."""

import re
import time
from functools import lru_cache

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import metrics, origin, security, tracing
from app.core.access_log import access_log
from app.core.errors import Problem
from app.core.identifiers import new_request_id
from app.core.problems import METHODS, problem_response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# A key of the cache may end in a slash, so that path keeps it; the route looks the key up both ways.
_KEEPS_ITS_SLASH = "/cache/get/"

log = structlog.get_logger("access")


class Surroundings:
    """The outermost ASGI layer: everything inside sees a request id and a path without trailing slash."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        tracing.describe_request(scope)
        _strip_trailing_slash(scope)
        client = scope.get("client")
        origin.enter(request_id, client[0] if client else None)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await self._observe(scope, receive, send, request_id)

    async def _observe(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                security.add_fields(message)
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            log.exception("unhandled_error", method=scope["method"], path=scope["path"])
            if status:
                raise
            await _answer_bug(scope, receive, send_with_id)
        finally:
            _record(scope, status, time.perf_counter() - started)


async def _answer_bug(scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem("The server failed to answer; the log has the cause under this request_id.")
    await problem_response(Request(scope), problem)(scope, receive, send)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text: str = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(text):
                return text
    return new_request_id()


def _strip_trailing_slash(scope: Scope) -> None:
    path: str = scope["path"]
    if len(path) > 1 and path.endswith("/") and not path.startswith(_KEEPS_ITS_SLASH):
        scope["path"] = path.rstrip("/") or "/"


# Finding a metric's child by its labels costs more than counting; there are some 30 routes and few statuses each.
@lru_cache(maxsize=2048)
def _counter(method: str, route: str, status: int) -> metrics.Counter:
    return metrics.REQUESTS.labels(method, route, str(status))


@lru_cache(maxsize=512)
def _histogram(method: str, route: str) -> metrics.Histogram:
    return metrics.REQUEST_SECONDS.labels(method, route)


def _record(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    route = getattr(scope.get("route"), "path", None) or "unknown"
    client = scope.get("client")
    _counter(method, route, status).inc()
    _histogram(method, route).observe(seconds)
    if access_log.wants(method, route, status):
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            client=client[0] if client else None,
        )
