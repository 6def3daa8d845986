"""How often a password may be tried: wrong ones are counted by account, by address and by both together.

Within WINDOW_SECONDS one address may fail LOGIN_ATTEMPTS times at one account, and WIDER times as often at all accounts
together; and an account may be failed at WIDER times as often from everywhere. So a guesser is slowed down, and cannot
lock the owner out from an address of his own. Counting comes before the hash: attempts side by side gain nothing.
Accounts are counted by name whether or not they exist, so that a refusal tells nobody who is registered.
"""

import hashlib
import ipaddress

from cachetools import TTLCache

from app.core import origin
from app.core.errors import TooManyRequests
from app.core.redis import Cache, RedisUnavailable
from app.core.settings import Settings

WINDOW_SECONDS = 900
# An office behind one address shares its attempts.
WIDER = 20
# What one process counts while Redis is away: a guesser gains as many windows as there are processes, and nobody is
# locked out. 30,000 counters take some 5 MB.
MAX_COUNTERS = 30_000
# In braces what a Redis Cluster keeps together.
PREFIX = "sentinela:{login}:"

# KEYS: counters. ARGV: their limits, then the window. Answers 0 and counts, or the seconds until there is room.
_COUNT = """
for i, name in ipairs(KEYS) do
    if tonumber(redis.call('GET', name) or '0') >= tonumber(ARGV[i]) then
        return math.max(1, redis.call('TTL', name))
    end
end
for i, name in ipairs(KEYS) do
    if redis.call('INCR', name) == 1 then redis.call('EXPIRE', name, ARGV[#KEYS + 1]) end
end
return 0
"""
# The account proved itself: what was counted for this attempt is taken back, and for the pair all of it.
_UNCOUNT = """
redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
    if tonumber(redis.call('GET', KEYS[i]) or '0') > 0 then redis.call('DECR', KEYS[i]) end
end
"""


class Throttle:
    """The counters, shared by all processes through Redis."""

    def __init__(self, cache: Cache, settings: Settings) -> None:
        self._cache = cache
        self._attempts = settings.login_attempts
        self._count = cache.redis.register_script(_COUNT)
        self._uncount = cache.redis.register_script(_UNCOUNT)
        self._own: TTLCache[str, list[int]] = TTLCache(MAX_COUNTERS, WINDOW_SECONDS)

    async def attempt(self, account: str, wider: int = WIDER) -> None:
        """Count an attempt at this account from where the request comes; from everywhere, `wider` times as many go.

        Raises: TooManyRequests.
        """
        if not self._attempts:
            return
        names = _counters(account)
        limits = [self._attempts, self._attempts * wider, self._attempts * WIDER]
        try:
            seconds = int(await self._cache.ask(self._count(keys=names, args=[*limits, WINDOW_SECONDS])))
        except RedisUnavailable:
            seconds = self._count_here(names, limits)
        if seconds:
            raise TooManyRequests(
                "Too many wrong passwords or codes; try again in {seconds} s.",
                retry_seconds=seconds,
                fields={},
                seconds=seconds,
            )

    async def succeeded(self, account: str) -> None:
        """The attempt that was just counted was no guess."""
        if not self._attempts:
            return
        names = _counters(account)
        for name in names:
            self._own.pop(name, None)
        try:
            await self._cache.ask(self._uncount(keys=names))
        except RedisUnavailable:
            return

    def _count_here(self, names: list[str], limits: list[int]) -> int:
        counters = [self._own.setdefault(name, [0]) for name in names]
        if any(counter[0] >= limit for counter, limit in zip(counters, limits, strict=True)):
            return WINDOW_SECONDS
        for counter in counters:
            counter[0] += 1
        return 0


def _counters(account: str) -> list[str]:
    """By pair, by account, by address; names are hashed, for they are typed by people and may be anything."""
    name = hashlib.sha256(account.encode()).hexdigest()[:32]
    address = _network(origin.current().address)
    return [f"{PREFIX}{name}@{address}", f"{PREFIX}{name}", f"{PREFIX}@{address}"]


def _network(address: str | None) -> str:
    """The address as one party: an IPv6 customer holds at least a /64."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(parsed if parsed.version == 4 else ipaddress.ip_network((parsed, 64), strict=False))
