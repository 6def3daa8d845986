"""Asking for what is stored, for asyncio."""

import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx

from sentinela_client.connection import options
from sentinela_client.questions import PAGE, Instant, Row, Some, answer, cursor_of, parameters, unreachable


class AsyncReader:
    """`Reader` with awaitable methods; what each does is told there."""

    def __init__(self, url: str, key: str, *, timeout: float = 60.0, verify: ssl.SSLContext | bool = True) -> None:
        self._http = httpx.AsyncClient(**options(url, key, timeout, verify))

    async def latest(self, server_ulid: Some = None, sensor_type: Some = None) -> list[Row]:
        asked = parameters(None, None, server_ulid=server_ulid, sensor_type=sensor_type)
        rows: list[Row] = answer(await self._get("data/latest", asked))
        return rows

    async def pages(
        self,
        server_ulid: Some = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        limit: int = PAGE,
        **more: Any,
    ) -> AsyncIterator[list[Row]]:
        asked = parameters(start, end, server_ulid=server_ulid, limit=limit, **more)
        while True:
            response = await self._get("data", asked)
            yield answer(response)
            if not (cursor := cursor_of(response)):
                return
            asked["cursor"] = cursor

    async def readings(
        self,
        server_ulid: Some = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        limit: int = PAGE,
        **more: Any,
    ) -> AsyncIterator[Row]:
        async for page in self.pages(server_ulid, start, end, limit=limit, **more):
            for row in page:
                yield row

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _get(self, path: str, asked: dict[str, Any]) -> httpx.Response:
        try:
            return await self._http.get(path, params=asked)
        except httpx.RequestError as error:
            raise unreachable(error) from error
