"""The cache, limits and streams on Sentinel and on a cluster; what addresses are refused."""

import asyncio
import secrets
from pathlib import Path

import pytest

from app.cache.service import get_entry, set_entry
from app.core.events import Event, Listener, Publisher
from app.core.limits import Bucket, Limits
from app.core.redis import Cache
from app.core.redis_forms import parse
from app.core.settings import Settings
from app.embedded.valkey import check_given
from tests.cluster.valkeys import cluster, primary_of, watched_pair

SENTINELS = "redis+sentinel://me:p%40ss@one:26380,two/main/3?sentinel_password=other"


def test_an_address_of_sentinels_is_read_in_full() -> None:
    found = parse(SENTINELS)
    assert (found.kind, found.hosts) == ("sentinel", (("one", 26380), ("two", 26379)))
    assert (found.service, found.database) == ("main", 3)
    assert (found.username, found.password, found.sentinel_password) == ("me", "p@ss", "other")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://host", "must look like redis://host:6379"),
        ("redis+sentinel://host:26379", "must name the service"),
        ("redis+sentinel://host:many/main", "is no host:port"),
        ("redis+sentinel://host/main/first", "must be a number"),
        ("redis+cluster://host:6379/1", "nothing stands behind its hosts"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_the_mend(url: str, says: str) -> None:
    with pytest.raises(ValueError, match="CACHE_URL.*" + says):
        Settings(_env_file=None, cache_url=url)


def test_the_queues_are_not_put_into_a_cluster() -> None:
    with pytest.raises(ValueError, match="BROKER_URL must name one Redis"):
        Settings(_env_file=None, redis_url="redis+cluster://one:6379")
    assert Settings(_env_file=None, redis_url="redis+cluster://one:6379", broker_url="redis://two")


async def test_everything_that_is_shared_works_on_a_cluster(tmp_path: Path) -> None:
    with cluster(tmp_path) as url:
        check_given(url)
        cache = Cache(Settings(_env_file=None, cache_url=url))
        await uses_everything(cache)
        await cache.close()


async def test_everything_that_is_shared_outlives_the_primary_that_sentinels_watch(tmp_path: Path) -> None:
    with watched_pair(tmp_path) as (valkeys, url):
        check_given(url)
        cache = Cache(Settings(_env_file=None, cache_url=url))
        await uses_everything(cache)
        first = primary_of(url)
        valkeys.kill(first)
        async with asyncio.timeout(60):
            while not await wrote(cache):
                await asyncio.sleep(0.2)
        assert primary_of(url) != first
        await uses_everything(cache)
        await cache.close()


async def wrote(cache: Cache) -> bool:
    """Whether what is set now can be read; the breaker hides the outage."""
    value = secrets.token_bytes(8)
    await cache.set("sentinela:test", value, 60)
    return await cache.get("sentinela:test") == value


async def uses_everything(cache: Cache) -> None:
    """What the application keeps in Redis: answers, entries, limits, and two workspaces' events."""
    assert await cache.too_old() is None
    assert await wrote(cache)
    await set_entry(cache, 7, "key", {"a": 1}, 60)
    assert await get_entry(cache, 7, "key") == ("key", {"a": 1})
    limits = Limits(cache)
    allowance = limits.allowance(Bucket("key", secrets.token_hex(4), 10), Bucket("workspace", secrets.token_hex(4), 10))
    assert "r=" in (await allowance.take(1))["RateLimit"]
    await limits.close()
    listener, publisher = Listener(cache), Publisher(cache)
    after = {number: (await listener.watch(number))[1] for number in (7, 8)}
    await publisher.publish(lambda _: tell())
    found = await listener.read(after, 10)
    assert {number: [e.kind for e in entries if e.kind != "reset"] for number, entries in found.items()} == {
        7: ["news"],
        8: ["news"],
    }


async def tell() -> list[Event]:
    return [Event(number, "news", {"": b"{}"}) for number in (7, 8)]
