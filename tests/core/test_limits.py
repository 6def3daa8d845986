"""Token buckets in the running system's Valkey, with limits small enough to reach."""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable
from functools import lru_cache

import pytest

from app.core.errors import TooManyRequests
from app.core.limits import BURST_SECONDS, PREFIX, SLICE_SECONDS, Bucket, Limits
from app.core.redis import Cache
from app.core.settings import Settings
from tests.system import System, free_port


class Process:
    """The limits of a process, which remembers its parties."""

    def __init__(self, cache: Cache) -> None:
        self.limits = Limits(cache)
        self.allowance = lru_cache(self.limits.allowance)


NewProcess = Callable[[], Process]


@pytest.fixture
async def cache(system: System) -> AsyncIterator[Cache]:
    opened = Cache(Settings(redis_url=system.redis_url))
    yield opened
    await opened.close()


@pytest.fixture
async def new_process(cache: Cache) -> AsyncIterator[NewProcess]:
    """A function that returns one more process."""
    made: list[Process] = []

    def start() -> Process:
        made.append(Process(cache))
        return made[-1]

    yield start
    for process in made:
        await process.limits.close()


@pytest.fixture
def process(new_process: NewProcess) -> Process:
    return new_process()


def bucket(rate: int, policy: str = "each") -> Bucket:
    """A full bucket that nobody else uses."""
    return Bucket(policy, secrets.token_hex(8), rate)


async def passes(process: Process, *buckets: Bucket, amount: int = 1) -> bool:
    try:
        await process.allowance(*buckets).take(amount)
    except TooManyRequests:
        return False
    return True


async def count_until_refused(process: Process, *buckets: Bucket) -> int:
    taken = 0
    while await passes(process, *buckets):
        taken += 1
    return taken


async def refusal(process: Process, *buckets: Bucket, amount: int = 1) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        await process.allowance(*buckets).take(amount)
    return caught.value


async def test_a_full_bucket_gives_ten_seconds_of_its_rate_and_no_more(process: Process) -> None:
    begun = time.monotonic()
    taken = await count_until_refused(process, bucket(20))
    assert 20 * BURST_SECONDS <= taken <= 20 * (BURST_SECONDS + time.monotonic() - begun) + 1


async def test_whoever_waits_as_long_as_told_passes(process: Process) -> None:
    own = bucket(4)
    assert await passes(process, own, amount=40)
    refused = await refusal(process, own, amount=4)
    assert refused.headers["Retry-After"] == "1"
    await asyncio.sleep(1)
    assert await passes(process, own, amount=4)


async def test_what_is_refused_costs_nothing(process: Process, new_process: NewProcess) -> None:
    own = bucket(5)
    assert await passes(process, own, amount=30)
    assert not await passes(process, own, amount=40)
    assert await passes(process, own, amount=20)
    other = bucket(5)
    assert await passes(process, other, amount=30)
    assert not await passes(new_process(), other, amount=40)
    assert await passes(new_process(), other, amount=19), "half a token is the first one's slice"


async def test_more_than_a_bucket_holds_passes_when_it_is_full_and_is_paid_off_later(process: Process) -> None:
    own = bucket(10)
    assert await passes(process, own, amount=250)
    refused = await refusal(process, own)
    assert int(refused.headers["Retry-After"]) in (15, 16), "150 in debt at 10 a second"
    assert "r=0;t=" in refused.headers["RateLimit"]
    started = bucket(10)
    assert await passes(process, started, amount=50)
    assert not await passes(process, started, amount=250), "the bucket is not full"


async def test_two_processes_share_a_bucket(new_process: NewProcess) -> None:
    one, other, own = new_process(), new_process(), bucket(50)
    begun = time.monotonic()
    taken = 0
    while passed := sum([await passes(one, own), await passes(other, own)]):
        taken += passed
    most = 50 * (BURST_SECONDS + time.monotonic() - begun + 2 * 2 * SLICE_SECONDS) + 1
    assert 50 * BURST_SECONDS <= taken <= most


async def test_a_crowd_in_one_process_borrows_once(process: Process, cache: Cache) -> None:
    own = bucket(1000)
    allowance = process.allowance(own)
    await asyncio.gather(*(allowance.take(1) for _ in range(100)))
    tokens = await cache.redis.hget(f"{PREFIX}{own.owner}:{own.policy}", "tokens")
    assert math.isclose(float(tokens or 0), 1000 * (BURST_SECONDS - SLICE_SECONDS), abs_tol=1.001)


async def test_the_shared_bucket_stops_a_party_whose_own_is_full(process: Process, new_process: NewProcess) -> None:
    shared = bucket(5, "all")
    assert await passes(process, bucket(50), shared, amount=50)
    own = bucket(50)
    refused = await refusal(process, own, shared, amount=10)
    assert "all" in str(refused)
    assert await passes(new_process(), own, amount=500), "its own was not touched"


async def test_a_party_that_is_refused_leaves_the_shared_bucket_to_the_others(process: Process) -> None:
    shared, own = bucket(50, "all"), bucket(5)
    assert await passes(process, own, shared, amount=50)
    for _ in range(5):
        assert not await passes(process, own, shared, amount=50)
    assert await passes(process, bucket(100), shared, amount=450)


async def test_a_crowd_of_parties_does_not_pass_the_shared_limit(process: Process) -> None:
    shared = bucket(10, "all")
    parties = [bucket(1000) for _ in range(40)]
    begun = time.monotonic()
    results = await asyncio.gather(*(passes(process, own, shared) for own in parties for _ in range(5)))
    assert 100 <= sum(results) <= 10 * (BURST_SECONDS + time.monotonic() - begun) + 1


async def test_a_bucket_disappears_when_it_is_full_again(process: Process, cache: Cache) -> None:
    own = bucket(10)
    assert await passes(process, own, amount=15)
    name = f"{PREFIX}{own.owner}:{own.policy}"
    assert 0 < await cache.redis.pttl(name) <= 1600
    async with asyncio.timeout(8):
        while await cache.redis.exists(name):
            await asyncio.sleep(0.1)


async def test_the_fields_tell_the_limits_and_what_is_left(process: Process) -> None:
    own, shared = bucket(5), bucket(8, "all")
    told = await process.allowance(own, shared).take(20)
    assert told["RateLimit-Policy"] == '"each";q=50;w=10, "all";q=80;w=10'
    assert told["RateLimit"] == '"each";r=30;t=1, "all";r=60;t=1'


async def test_without_redis_everything_passes_and_nobody_waits() -> None:
    cache = Cache(Settings(redis_url=f"redis://127.0.0.1:{free_port()}"))
    process = Process(cache)
    allowance = process.allowance(bucket(1))
    async with asyncio.timeout(5):
        for _ in range(1000):
            assert await allowance.take(10) == {}
    await process.limits.close()
    await cache.close()
