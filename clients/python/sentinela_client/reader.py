"""Asking for what is stored."""

import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from sentinela_client.connection import options
from sentinela_client.questions import PAGE, Instant, Row, Some, answer, cursor_of, parameters, unreachable


class Reader:
    """Readings, and what is computed of them. `key` is an API key with the scope `read`, or a user's token.

    Methods raise: Refused, Unreachable.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 60.0, verify: ssl.SSLContext | bool = True) -> None:
        self._http = httpx.Client(**options(url, key, timeout, verify))

    def latest(self, server_ulid: Some = None, sensor_type: Some = None) -> list[Row]:
        """A row a server: `server_ulid`, `server_name`, `values` with the newest of each quantity."""
        asked = parameters(None, None, server_ulid=server_ulid, sensor_type=sensor_type)
        rows: list[Row] = answer(self._get("data/latest", asked))
        return rows

    def pages(
        self,
        server_ulid: Some = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        limit: int = PAGE,
        **more: Any,
    ) -> Iterator[list[Row]]:
        """Readings from `start` to `end`, both inclusive, oldest first, in pages of up to `limit` rows.

        `more` is any other parameter of `GET /data`: `sensor_type`, `aggregation="1h"`, `function`, `tz`, `where`, …
        """
        asked = parameters(start, end, server_ulid=server_ulid, limit=limit, **more)
        while True:
            response = self._get("data", asked)
            yield answer(response)
            if not (cursor := cursor_of(response)):
                return
            asked["cursor"] = cursor

    def readings(
        self,
        server_ulid: Some = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        limit: int = PAGE,
        **more: Any,
    ) -> Iterator[Row]:
        """The rows of `pages`, one by one; takes what it takes."""
        for page in self.pages(server_ulid, start, end, limit=limit, **more):
            yield from page

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, asked: dict[str, Any]) -> httpx.Response:
        try:
            return self._http.get(path, params=asked)
        except httpx.RequestError as error:
            raise unreachable(error) from error
