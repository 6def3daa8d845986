"""JSON bodies read strictly: no NaN, no lone surrogates, bounded depth, and the position of a fault."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from app.core.errors import Problem, invalid

_POSITION = re.compile(r"line (\d+) column (\d+)")


class StrictRequest(Request):
    """A request whose JSON is parsed by pydantic's parser."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its body through `StrictRequest`; every router of the app uses it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict_handler(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict_handler


def strict_json(body: bytes) -> Any:
    """The value of a JSON text. Raises: json.JSONDecodeError with the position, as FastAPI expects it."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise json.JSONDecodeError(str(error), body.decode(errors="replace"), _position(str(error), body)) from None


def parse_json(body: bytes) -> Any:
    """The value of a JSON body, for routes that read it themselves. Raises: Invalid with the position."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise json_fault(str(error), body) from None


def json_fault(message: str, body: bytes) -> Problem:
    """A body that is no JSON, in the shape that FastAPI gives it."""
    fault = {"type": "json_invalid", "loc": ("body", _position(message, body)), "msg": f"Invalid JSON: {message}"}
    return invalid([{**fault, "ctx": {"error": message}}])


def _position(message: str, body: bytes) -> int:
    """The offset behind "line 3 column 7" of the parser's message; 0 where it names none."""
    found = _POSITION.search(message)
    if not found:
        return 0
    line, column = int(found[1]), int(found[2])
    return sum(len(row) + 1 for row in body.split(b"\n")[: line - 1]) + max(column - 1, 0)
