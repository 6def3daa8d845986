"""The dashboard under `/ui/`: the built page, or a plain one where it was not built; and the policy of `/docs`.

`app.frontend` finds the files; this sets what a browser needs beside them: a policy that lets the page load nothing
from elsewhere and run no script but its own, how long each file may be kept, and gzip.
"""

import base64
import hashlib
import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import shipped

DIST = shipped("web/dist")
PLAIN = Path(__file__).parents[1] / "plain.html"
DOCUMENTATION = ("/docs", "/docs/oauth2-redirect", "/redoc")
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Files under assets/ carry a hash of their content in their name.
_FOR_EVER = "public, max-age=31536000, immutable"
_LOOK_FIRST = "no-cache"


def install(app: FastAPI) -> None:
    """Serve the page; call it after every router."""
    index = DIST / "index.html"
    if index.exists():
        app.frontend("/ui", directory=DIST, fallback="index.html")
        app.add_middleware(PageHeaders, policy=policy(index.read_text(encoding="utf-8")))
    else:
        _serve_plain(app)
    app.add_middleware(DocumentationHeaders)


def _serve_plain(app: FastAPI) -> None:
    page = PLAIN.read_text(encoding="utf-8")

    @app.get("/ui", include_in_schema=False)
    async def plain() -> HTMLResponse:
        return HTMLResponse(page)


def policy(page: str) -> str:
    """The Content-Security-Policy of this page: nothing from elsewhere, inline only the scripts that it has now."""
    return (
        f"default-src 'none'; script-src 'self' {_hashes(page)}; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ).replace(" ;", ";")


def documentation_policy(page: str) -> str:
    """Likewise of Swagger UI and ReDoc, whose scripts set styles and, in ReDoc, search in a worker made from a blob."""
    return (
        f"default-src 'self'; script-src 'self' {_hashes(page)}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    ).replace(" ;", ";")


def _hashes(page: str) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


class DocumentationHeaders:
    """The policy of `/docs` and `/redoc`, which start their script inline: of the page that goes out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in DOCUMENTATION:
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        start, *bodies = held
        page = b"".join(body.get("body", b"") for body in bodies).decode()
        MutableHeaders(scope=start)["Content-Security-Policy"] = documentation_policy(page)
        for message in held:
            await send(message)


class PageHeaders:
    """Headers and compression of everything under `/ui`; other paths pass untouched."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._page = GZipMiddleware(app, minimum_size=500)
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not (path == "/ui" or path.startswith("/ui/")):
            await self._app(scope, receive, send)
            return
        if path == "/ui":
            # The trailing slash is gone by now; the page's own address has one.
            scope["path"] = "/ui/"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._set(MutableHeaders(scope=message), path, message["status"])
            await send(message)

        await self._page(scope, receive, send_with_headers)

    def _set(self, headers: MutableHeaders, path: str, status: int) -> None:
        is_asset = path.startswith("/ui/assets/") and status == 200
        headers["Cache-Control"] = _FOR_EVER if is_asset else _LOOK_FIRST
        headers["Referrer-Policy"] = "same-origin"
        # A browser takes a 304's fields over into the page that it kept: another policy would blank it on a reload.
        if status == 304 or headers.get("content-type", "").startswith("text/html"):
            headers["Content-Security-Policy"] = self._policy
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
