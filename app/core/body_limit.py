"""Bodies past the limit are refused: at once where their length is announced, else as they arrive."""

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooLarge
from app.core.problems import TOO_LARGE_DETAIL, problem_response

# What comes here is counted while it is written to disk, by limits of its own.
UNLIMITED = ("/imports", "/data", "/write", "/api/v2/write")


class BodyLimit:
    """An ASGI layer that lets through at most `max_bytes` of a body."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            await self.app(scope, receive, send)
        elif _announced(scope) > self.max_bytes:
            problem = TooLarge(TOO_LARGE_DETAIL, limit=self.max_bytes)
            await problem_response(Request(scope), problem)(scope, receive, send)
        else:
            await self.app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                # Of the framework's kind, because FastAPI turns any other error into a 400 while it reads a body.
                raise HTTPException(413)
            return message

        return receive_some


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
