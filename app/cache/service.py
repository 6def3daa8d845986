"""A workspace's own entries in Redis, under a prefix that no other workspace and nothing of ours shares."""

import json
from collections.abc import Awaitable
from typing import Any, cast

from app.cache.errors import CacheFull, NoSuchEntry
from app.core.redis import Cache

DEFAULT_TTL_SECONDS = 3600
# With values of 64 KiB a workspace can hold 640 MB at the most; more belongs into a store of its own.
MAX_ENTRIES = 10_000

# One step, so that racing clients cannot pass the bound: forget what has expired, count, store.
# KEYS: the entry, the workspace's index (a sorted set of keys by expiry). ARGV: key, value, ttl, bound.
SET_WITHIN_BOUND = """
local clock = redis.call('TIME')
local now = tonumber(clock[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1])
return 1
"""


async def set_entry(cache: Cache, workspace_id: int, key: str, value: Any, ttl: int | None) -> int:
    """Store a JSON value; returns its lifetime in seconds. Raises: CacheFull, RedisUnavailable."""
    seconds = DEFAULT_TTL_SECONDS if ttl is None else ttl
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    keys = (_entry(workspace_id, key), _index(workspace_id))
    command = cache.redis.eval(SET_WITHIN_BOUND, 2, *keys, key, text, str(seconds), str(MAX_ENTRIES))
    if not await cache.ask(cast(Awaitable[int], command)):
        raise CacheFull("This workspace holds {limit} cache entries already; let some expire first.", limit=MAX_ENTRIES)
    return seconds


async def get_entry(cache: Cache, workspace_id: int, key: str) -> tuple[str, Any]:
    """The key under which it was found, and the value exactly as set. Raises: NoSuchEntry, RedisUnavailable.

    A path answers with and without a trailing slash, so `a/` also finds `a`; the exact key goes first.
    """
    for candidate in dict.fromkeys((key, key.removesuffix("/"))):
        text = await cache.ask(cache.redis.get(_entry(workspace_id, candidate)))
        if text is not None:
            return candidate, json.loads(text)
    raise NoSuchEntry("There is no entry {key!r}, or it has expired.", key=key)


# The braces are Redis Cluster's: both keys of a workspace live in one slot, as the script needs.
def _entry(workspace_id: int, key: str) -> str:
    return f"sentinela:cache:{{{workspace_id}}}:entry:{key}"


def _index(workspace_id: int) -> str:
    return f"sentinela:cache:{{{workspace_id}}}:index"
