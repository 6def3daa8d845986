"""Redis: one client a process, and a breaker that keeps a dead Redis from slowing every request."""

import time
from collections.abc import Awaitable
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core import metrics
from app.core.errors import Unavailable
from app.core.redis_address import cache_url, too_old
from app.core.redis_forms import close_client, open_client
from app.core.settings import Settings

# Redis answers in well under a millisecond; whoever waits longer is better served by PostgreSQL.
TIMEOUT_SECONDS = 0.5
# After a failure nobody asks again for so long, so that an outage costs one request a second its time-out.
RETRY_SECONDS = 1.0
COMPLAIN_SECONDS = 60.0

log = structlog.get_logger()


class RedisUnavailable(Unavailable):
    kind = "redis-unavailable"
    title = "Redis is unavailable"


class Cache:
    """What may be lost: reads answer None and writes do nothing while Redis is away."""

    def __init__(self, settings: Settings) -> None:
        # A retry inside a request would double its wait; the breaker decides when to ask again.
        self.redis: Redis = open_client(cache_url(settings), TIMEOUT_SECONDS)
        self._closed_until = 0.0
        self._complain_after = 0.0

    async def get(self, key: str) -> bytes | None:
        try:
            value: bytes | None = await self.ask(self.redis.get(key))
        except RedisUnavailable:
            return None
        return value

    async def set(self, key: str, value: bytes, ttl_seconds: int) -> None:
        try:
            await self.ask(self.redis.set(key, value, ex=ttl_seconds))
        except RedisUnavailable:
            return

    async def ask(self, command: Awaitable[Any]) -> Any:
        """The command's answer; RedisUnavailable at once while the breaker is open."""
        if time.monotonic() < self._closed_until:
            _discard(command)
            raise RedisUnavailable("Redis does not answer; try again in a moment.")
        try:
            return await command
        except (RedisError, OSError, TimeoutError) as error:
            self._trip(error)
            raise RedisUnavailable("Redis does not answer; try again in a moment.") from error

    async def too_old(self) -> str | None:
        """What is wrong with the version of this Redis; None also while there is nobody to ask."""
        try:
            return too_old(await self.ask(self.redis.info("server")))
        except RedisUnavailable:
            return None

    async def close(self) -> None:
        await close_client(self.redis)

    def _trip(self, error: Exception) -> None:
        metrics.REDIS_FAILURES.inc()
        moment = time.monotonic()
        self._closed_until = moment + RETRY_SECONDS
        if moment >= self._complain_after:
            self._complain_after = moment + COMPLAIN_SECONDS
            log.warning("redis_unavailable", error=str(error))


def _discard(command: Awaitable[Any]) -> None:
    close = getattr(command, "close", None)
    if close is not None:
        close()
