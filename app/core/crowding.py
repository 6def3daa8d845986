"""Of many who ask at once a few are worked for, some wait, and the rest are told at once to come again.

A question costs the event loop milliseconds before it is known whether it is heavy: who asks, of which servers, what
there is. A thousand of them at once would keep single readings waiting for seconds, and what tells this process of
rights that ended as well. Those that wait here cost nothing, and a refusal costs a tenth of a question.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import metrics
from app.core.errors import Problem, TooManyRequests

# More at once answer no sooner on the few connections there are, and each makes a reading wait longer for its turn.
AT_ONCE = 8
# Some 0.5 s of short questions; a page that opens asks ten at once.
WAITING = 100
# Spread, or those that were refused together would come again together.
RETRY_SECONDS = 3
QUESTIONS = frozenset(("/data", "/data/latest", "/data/quality", "/api/v1/query", "/api/v1/query_range"))


class Busy(TooManyRequests):
    """Too many ask already."""

    kind = "busy"

    def __init__(self) -> None:
        detail = "Too many questions wait already; ask again in a few seconds."
        super().__init__(detail, retry_seconds=RETRY_SECONDS + secrets.randbelow(10), fields={})


class Place:
    """One of the few; given back once."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def leave(self) -> None:
        if self._places is not None:
            self._places.release()
            self._places = None


_place: ContextVar[Place | None] = ContextVar("place", default=None)


def leave() -> None:
    """Give the request's place to the next: it is known what it costs, and others decide when it is its turn."""
    if place := _place.get():
        place.leave()


class Crowding:
    """An ASGI layer: a question holds its place until its status goes out, or until `leave`."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Problem], Response]) -> None:
        """`refuse` gives a problem the shape that who asks expects."""
        self.app = app
        self._refuse = refuse
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in QUESTIONS or _sends_readings(scope):
            await self.app(scope, receive, send)
        elif self._waiting >= WAITING:
            metrics.QUERIES.labels("busy").inc()
            await self._refuse(Request(scope), Busy())(scope, receive, send)
        else:
            await self._ask(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._wait()
        place = Place(self._places)
        _place.set(place)

        async def send_and_leave(message: Message) -> None:
            if message["type"] == "http.response.start":
                place.leave()
            await send(message)

        try:
            await self.app(scope, receive, send_and_leave)
        finally:
            place.leave()

    async def _wait(self) -> None:
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1


def _sends_readings(scope: Scope) -> bool:
    return scope["path"] == "/data" and scope["method"] not in ("GET", "HEAD")
