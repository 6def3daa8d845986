"""Rate limits: token buckets in Redis that all processes share, and from which each of them borrows ahead.

A bucket holds at most BURST_SECONDS of its rate and refills steadily. A request takes its whole amount out of all its
buckets or nothing out of any. One that is larger than a bucket waits until that is full and leaves it in debt.

A round trip to Redis costs more than the rest of a small request, so a process borrows SLICE_SECONDS of the rate beyond
what it needs and spends that without asking. Together n processes let through at most
rate × (BURST_SECONDS + T + 2 × n × SLICE_SECONDS) in T seconds, for a process holds one slice and rarely two; a request
larger than a bucket adds its excess, once. The other way round, a process may refuse while others still hold slices.

While Redis is away nothing is limited.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from weakref import WeakValueDictionary

from app.core.errors import TooManyRequests
from app.core.redis import RETRY_SECONDS, Cache, RedisUnavailable

# Ten seconds' worth at once: a device that comes back from a short outage sends what it kept in one piece.
BURST_SECONDS = 10
# At full rate a process asks ten times a second; with a longer slice several of them would share less evenly.
SLICE_SECONDS = 0.1
# In braces what a Redis Cluster keeps together, for one script asks several buckets.
PREFIX = "sentinela:{limit}:"

# KEYS: buckets. ARGV: rate, room, amount and slice of each. Answers grant and rest of each, as text: Redis would cut
# the fractions off. A bucket that is not there is full, so each stays for as long as it needs to fill.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local tokens, answer, enough = {}, {}, true
for i, name in ipairs(KEYS) do
    local rate, room, amount = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1])
    local known = redis.call('HMGET', name, 'tokens', 'at')
    tokens[i] = room
    if known[1] then
        tokens[i] = math.min(room, tonumber(known[1]) + math.max(0, now - tonumber(known[2])) / 1000000 * rate)
    end
    enough = enough and tokens[i] >= math.min(amount, room)
end
for i, name in ipairs(KEYS) do
    local rate, room, amount, slice = unpack(ARGV, 4 * i - 3, 4 * i)
    local granted = 0
    if enough then
        granted = amount + math.max(0, math.min(tonumber(slice), tokens[i] - amount))
        tokens[i] = tokens[i] - granted
        redis.call('HSET', name, 'tokens', string.format('%.6f', tokens[i]), 'at', string.format('%.0f', now))
        redis.call('PEXPIRE', name, math.ceil((room - tokens[i]) / rate * 1000))
    end
    answer[2 * i - 1], answer[2 * i] = string.format('%.6f', granted), string.format('%.6f', tokens[i])
end
return answer
"""


class Bucket(NamedTuple):
    """A limit on one party: the policy's name, whose bucket of it, tokens a second (at least 1)."""

    policy: str
    owner: str
    rate: int


class _Lease:
    """What this process borrowed from a bucket, and what it last heard of the rest. Moments are monotonic seconds."""

    __slots__ = ("__weakref__", "asked", "held", "lock", "name", "policy", "rate", "rest", "room")

    def __init__(self, name: str, bucket: Bucket) -> None:
        self.name = name
        self.policy = bucket.policy
        self.rate = bucket.rate
        self.room = bucket.rate * BURST_SECONDS
        self.held = 0.0
        self.rest = float(self.room)
        self.asked = 0.0
        self.lock = asyncio.Lock()

    def at_most(self, moment: float) -> float:
        """The tokens in Redis if no other process took any: they refill at a known rate."""
        return min(self.room, self.rest + (moment - self.asked) * self.rate)

    def wait(self, amount: int, moment: float) -> float:
        """Seconds until the bucket can give what is missing, at the soonest."""
        if self.held >= amount:
            return 0.0
        return max(0.0, min(amount - self.held, self.room) - self.at_most(moment)) / self.rate

    def is_known_empty(self, amount: int, moment: float) -> bool:
        """Whether asking would be in vain; an answer older than a slice is not trusted, for Redis may have gone."""
        return moment - self.asked < SLICE_SECONDS and self.wait(amount, moment) > 0

    def field(self, moment: float) -> str:
        """An item of `RateLimit`: what is left, and seconds until there is more (0: it is full)."""
        level = self.at_most(moment) + self.held
        if level >= self.room:
            return f'"{self.policy}";r={self.room};t=0'
        if level >= 1:
            return f'"{self.policy}";r={int(level)};t=1'
        return f'"{self.policy}";r=0;t={math.ceil((1 - level) / self.rate)}'


class Limits:
    """The limits of one process."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._script = cache.redis.register_script(_TAKE)
        # A shared bucket has one lease here, which lives as long as the allowances that draw on it.
        self._leases: WeakValueDictionary[str, _Lease] = WeakValueDictionary()
        self._outage: asyncio.Task[None] | None = None

    @property
    def are_lifted(self) -> bool:
        """Whether Redis was away when it was last asked."""
        return self._outage is not None

    def allowance(self, *buckets: Bucket) -> "Allowance":
        """What a party may take: its own bucket first, then those that it shares. The caller keeps it for its uses."""
        return Allowance(self, [self._lease(bucket) for bucket in buckets])

    async def close(self) -> None:
        if self._outage is not None:
            self._outage.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._outage

    async def ask(self, short: Sequence[_Lease], amount: int) -> None:
        """Borrow what is missing and a slice, from all of these or none. Raises: RedisUnavailable."""
        arguments = [(lease.rate, lease.room, amount - lease.held, lease.rate * SLICE_SECONDS) for lease in short]
        flat = [number for each in arguments for number in each]
        try:
            answer = await self._cache.ask(self._script(keys=[lease.name for lease in short], args=flat))
        except RedisUnavailable:
            self._outage = self._outage or asyncio.create_task(self._until_redis_is_back())
            raise
        moment = time.monotonic()
        for lease, granted, rest in zip(short, answer[::2], answer[1::2], strict=True):
            lease.held += float(granted)
            lease.rest, lease.asked = float(rest), moment

    def _lease(self, bucket: Bucket) -> _Lease:
        name = f"{PREFIX}{bucket.owner}:{bucket.policy}"
        lease = self._leases.get(name)
        if lease is None:
            lease = self._leases[name] = _Lease(name, bucket)
        return lease

    async def _until_redis_is_back(self) -> None:
        """One question a second for the whole process: in each request it would wait for a time-out."""
        away = True
        while away:
            await asyncio.sleep(RETRY_SECONDS)
            with contextlib.suppress(RedisUnavailable):
                await self._cache.ask(self._cache.redis.ping())
                away = False
        self._outage = None


class Allowance:
    """The buckets that one party draws on."""

    __slots__ = ("_leases", "_limits", "_policy")

    def __init__(self, limits: Limits, leases: Sequence[_Lease]) -> None:
        self._limits = limits
        self._leases = leases
        self._policy = ", ".join(f'"{lease.policy}";q={lease.room};w={BURST_SECONDS}' for lease in leases)

    async def take(self, amount: int) -> Mapping[str, str]:
        """Take the amount (at least 1) out of each bucket; header fields that tell what is left of them.

        The fields are those of draft-ietf-httpapi-ratelimit-headers; none while Redis is away. Suspends only when a
        lease is used up. Raises: TooManyRequests.
        """
        if self._limits.are_lifted:
            return {}
        for lease in self._leases:
            if lease.held < amount:
                try:
                    await self._borrow(amount)
                except RedisUnavailable:
                    return {}
                break
        return self._spend(amount)

    def spend(self, amount: int) -> Mapping[str, str] | None:
        """Take the amount if this process holds it; None when Redis has to be asked."""
        if self._limits.are_lifted:
            return {}
        if any(lease.held < amount for lease in self._leases):
            return None
        return self._spend(amount)

    async def _borrow(self, amount: int) -> None:
        """Until every lease holds the amount. One request asks and the others wait for it, or each would borrow a
        slice; of several short leases the last, shared with most, is the one to wait for.
        """
        while short := [lease for lease in self._leases if lease.held < amount]:
            async with short[-1].lock:
                if short[-1].held < amount:
                    await self._ask(amount)

    async def _ask(self, amount: int) -> None:
        short = [lease for lease in self._leases if lease.held < amount]
        moment = time.monotonic()
        if not any(lease.is_known_empty(amount, moment) for lease in short):
            await self._limits.ask(short, amount)
            moment = time.monotonic()
        slowest = max(short, key=lambda lease: lease.wait(amount, moment))
        if slowest.wait(amount, moment) > 0:
            raise self._refusal(slowest, amount, moment)

    def _spend(self, amount: int) -> Mapping[str, str]:
        for lease in self._leases:
            lease.held -= amount
        return self._fields(time.monotonic())

    def _fields(self, moment: float) -> dict[str, str]:
        levels = [lease.field(moment) for lease in self._leases]
        return {"RateLimit-Policy": self._policy, "RateLimit": ", ".join(levels)}

    def _refusal(self, slowest: _Lease, amount: int, moment: float) -> TooManyRequests:
        seconds = max(1, math.ceil(slowest.wait(amount, moment)))
        return TooManyRequests(
            "Past the limit {policy!r} of {limit} in {window} seconds; send again after {seconds} s.",
            retry_seconds=seconds,
            fields=self._fields(moment),
            policy=slowest.policy,
            limit=slowest.room,
            window=BURST_SECONDS,
            seconds=seconds,
        )
