"""What the readers ask, and what answers mean: all of reading but the network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from sentinela_client.answers import reason
from sentinela_client.errors import Refused, Unreachable

Row = dict[str, Any]
"""`timestamp` (ISO 8601, UTC), `server_ulid`, and values by quantity."""
Instant = datetime | str
Some = str | Sequence[str] | None
"""One, several, or all."""
PAGE = 10_000
"""Rows of a page, some 1 MB."""


def parameters(start: Instant | None, end: Instant | None, **given: Any) -> dict[str, Any]:
    """The query of a `GET /data`; what is None is left out. Raises: ValueError for an instant without a time zone."""
    bounds = {"start_time": _text(start), "end_time": _text(end)}
    return {name: value for name, value in {**bounds, **given}.items() if value is not None}


def answer(response: httpx.Response) -> Any:
    """The JSON of an answer. Raises: Refused."""
    if not response.is_success:
        raise Refused(response.status_code, reason(response))
    try:
        return response.json()
    except ValueError:
        raise Refused(response.status_code, reason(response)) from None


def cursor_of(response: httpx.Response) -> str | None:
    """Where the next page begins; None: this was the last."""
    following = response.links.get("next")
    return httpx.URL(following["url"]).params.get("cursor") if following else None


def unreachable(error: httpx.RequestError) -> Unreachable:
    return Unreachable(f"no answer: {type(error).__name__} {error}".strip())


def _text(instant: Instant | None) -> str | None:
    if not isinstance(instant, datetime):
        return instant
    if instant.tzinfo is None:
        raise ValueError("an instant has no time zone: say datetime.now(UTC)")
    return instant.astimezone(UTC).isoformat()
