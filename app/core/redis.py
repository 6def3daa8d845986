"""Redis: one client a process, and a breaker that keeps a dead Redis from slowing every request."""

import time
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.core.errors import Unavailable
from app.core.settings import Settings

# Redis answers in well under a millisecond; whoever waits longer is better served by PostgreSQL.
TIMEOUT_SECONDS = 0.5
# After a failure nobody asks again for so long, so that an outage costs one request a second its time-out.
RETRY_SECONDS = 1.0
COMPLAIN_SECONDS = 60.0

# Older ones lack commands of the queue's library. Valkey calls itself Redis 7.2, so it passes.
OLDEST_REDIS = (6, 2)

log = structlog.get_logger()


def too_old(info: Mapping[str, Any]) -> str | None:
    """What is wrong with the version in the answer to `INFO server`; None when it will do."""
    found = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in found.split(".")[:2]) >= OLDEST_REDIS:
        return None
    return f"Redis {found} is too old; {'.'.join(map(str, OLDEST_REDIS))} or newer, or Valkey, is needed"


def url_with_password(url: str, file: Path | None) -> str:
    """The URL with the password of `REDIS_PASSWORD_FILE`, when that is set."""
    if file is None:
        return url
    scheme, rest = url.split("://", 1)
    return f"{scheme}://:{file.read_text().strip()}@{rest.rsplit('@', 1)[-1]}"


def cache_url(settings: Settings) -> str:
    return url_with_password(settings.cache_url or settings.redis_url, settings.redis_password_file)


def broker_url(settings: Settings) -> str:
    return url_with_password(settings.broker_url or settings.redis_url, settings.redis_password_file)


class RedisUnavailable(Unavailable):
    kind = "redis-unavailable"
    title = "Redis is unavailable"


class Cache:
    """What may be lost: reads answer None and writes do nothing while Redis is away."""

    def __init__(self, settings: Settings) -> None:
        # A retry inside a request would double its wait; the breaker decides when to ask again.
        self.redis: Redis = Redis.from_url(
            cache_url(settings),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
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
        await self.redis.aclose()

    def _trip(self, error: Exception) -> None:
        moment = time.monotonic()
        self._closed_until = moment + RETRY_SECONDS
        if moment >= self._complain_after:
            self._complain_after = moment + COMPLAIN_SECONDS
            log.warning("redis_unavailable", error=str(error))


def _discard(command: Awaitable[Any]) -> None:
    close = getattr(command, "close", None)
    if close is not None:
        close()
