"""The forms of a Redis address: one server, a pair that Sentinel watches, a cluster; and the clients for each."""

from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode as AsyncNode
from redis.asyncio.cluster import RedisCluster as AsyncCluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import Sentinel

FORM = (
    "redis://host:6379, redis+sentinel://host:26379,host:26379/service, or redis+cluster://host:6379,host:6379; "
    "rediss with TLS"
)
DEFAULT_PORTS = {"sentinel": 26379, "cluster": 6379}
# A cluster's client learns of a moved slot by an error, and asks again once.
CLUSTER_TRIES = 1


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL; hosts and what follows them are of Sentinel and clusters alone."""

    kind: Literal["one", "sentinel", "cluster"]
    url: str
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_password: str | None = None
    """Of the sentinels themselves: `?sentinel_password=…`."""
    tls: bool = False

    def login(self) -> dict[str, Any]:
        """Who asks the servers with the data, as redis-py names it."""
        return {"username": self.username, "password": self.password, "ssl": self.tls}

    def sentinel_login(self) -> dict[str, Any]:
        """Likewise who asks the sentinels."""
        return {"password": self.sentinel_password, "ssl": self.tls}


def parse(url: str) -> Address:
    """Raises: ValueError, which says how it must look."""
    scheme, _, rest = url.partition("://")
    if scheme in ("redis", "rediss", "unix") and rest:
        return Address("one", url)
    base, _, kind = scheme.partition("+")
    if base not in ("redis", "rediss") or kind not in DEFAULT_PORTS:
        raise ValueError(f"must look like {FORM}")
    return _of_several(url, cast(Literal["sentinel", "cluster"], kind), tls=base == "rediss")


def _of_several(url: str, kind: Literal["sentinel", "cluster"], *, tls: bool) -> Address:
    parts = urlsplit(url)
    login, _, places = parts.netloc.rpartition("@")
    username, _, password = (unquote(part) for part in login.partition(":"))
    service, _, database = parts.path.strip("/").partition("/")
    if kind == "sentinel" and not service:
        raise ValueError(f"must name the service that the sentinels watch: {FORM}")
    if kind == "cluster" and service:
        raise ValueError(f"a cluster has one database and no name, so nothing stands behind its hosts: {FORM}")
    if not (database or "0").isdigit():
        raise ValueError(f"the database must be a number: {FORM}")
    secret = parse_qs(parts.query).get("sentinel_password", [None])[0]
    hosts = tuple(_host(place, DEFAULT_PORTS[kind]) for place in places.split(","))
    return Address(kind, url, hosts, service, int(database or 0), username or None, password or None, secret, tls)


def _host(place: str, port: int) -> tuple[str, int]:
    name, colon, number = place.strip().rpartition(":") if not place.strip().endswith("]") else (place.strip(), "", "")
    host = name if colon else place.strip()
    if not host or (colon and not number.isdigit()):
        raise ValueError(f"{place!r} is no host:port: {FORM}")
    return host.strip("[]"), int(number) if colon else port


def open_client(url: str, seconds: float) -> Redis:
    """A client that gives up after so many seconds and tries nothing twice: whoever asks decides that.

    A cluster's has the methods that we use of `Redis`.
    """
    address = parse(url)
    limits: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if address.kind == "cluster":
        nodes = [AsyncNode(*host) for host in address.hosts]
        retry = AsyncRetry(NoBackoff(), CLUSTER_TRIES)
        return cast(Redis, AsyncCluster(startup_nodes=nodes, retry=retry, **limits, **address.login()))
    once = AsyncRetry(NoBackoff(), 0)
    if address.kind == "sentinel":
        # redis-py has no types for its sentinels.
        make: Any = AsyncSentinel
        watchers = make(address.hosts, sentinel_kwargs={"retry": once, **limits, **address.sentinel_login()})
        found = watchers.master_for(address.service, db=address.database, retry=once, **limits, **address.login())
        return cast(Redis, found)
    return Redis.from_url(url, retry=once, **limits)


def open_blocking_client(url: str, seconds: float) -> redis.Redis:
    """Likewise for code that runs no event loop."""
    address = parse(url)
    limits: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if address.kind == "cluster":
        node: Any = ClusterNode
        nodes = [node(*host) for host in address.hosts]
        retry = Retry(NoBackoff(), CLUSTER_TRIES)
        return cast(redis.Redis, RedisCluster(startup_nodes=nodes, retry=retry, **limits, **address.login()))
    once = Retry(NoBackoff(), 0)
    if address.kind == "sentinel":
        make: Any = Sentinel
        watchers = make(address.hosts, sentinel_kwargs={"retry": once, **limits, **address.sentinel_login()})
        found = watchers.master_for(address.service, db=address.database, retry=once, **limits, **address.login())
        return cast(redis.Redis, found)
    return redis.Redis.from_url(url, retry=once, **limits)


async def close_client(client: Redis) -> None:
    """Close it, and what it asks the sentinels by, which redis-py leaves open."""
    await client.aclose()
    for watcher in watchers_of(client):
        await watcher.aclose()


def watchers_of(client: Any) -> list[Any]:
    """The clients of the sentinels behind a client; none for the other forms."""
    manager = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    return list(manager.sentinels) if manager else []
