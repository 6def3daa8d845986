"""Events: what happened, told to whoever listens now, through a bounded Redis stream a workspace.

Nothing is published for a workspace that nobody watches. A publisher asks who is watched *after* the commit of what it
tells, and a listener registers before it reads the state it starts from; so what a publisher leaves out was committed
before somebody listened, and no listener misses anything. Events are news, not records: they may be lost together with
Redis, and then every listener is told to look at the state again (`RESET`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.core.redis import Cache, RedisUnavailable

# A workspace counts as watched so long after its last listener left: a reader that comes back within it goes on.
WATCHED_SECONDS = 120
# What one workspace's stream may hold: some minutes of a small fleet, some seconds of a fleet of 10,000.
STREAM_BYTES = 8 * 2**20
MAX_ENTRIES, MIN_ENTRIES = 5000, 50
RESET = "reset"
"""The kind of an event that says: something may have been missed, look at the state again."""
_START = "start"
_KIND = b"kind"
# One hash tag: on a cluster they stand together, so that one command reads several.
_WATCHED = "sentinela:{events}:watched"
_STREAM = "sentinela:{events}:stream:%d"

# The clock is Redis' own, so that those of several machines don't matter.
_LIST_WATCHED = """
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], time[1], '+inf')
"""
# A stream that nobody kept alive, or that Redis has lost, begins anew, with an entry that marks its beginning.
_WATCH = """
local now = tonumber(redis.call('TIME')[1])
local lasts = redis.call('ZSCORE', KEYS[1], ARGV[1])
local fresh = 0
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
if not lasts or tonumber(lasts) < now or redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('DEL', KEYS[2])
    redis.call('XADD', KEYS[2], '*', 'kind', 'start')
    fresh = 1
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return {fresh, redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1][1]}
"""


class Position(NamedTuple):
    """Where an event stands in its workspace's stream; written `milliseconds-number`."""

    milliseconds: int
    number: int

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"


def parse_position(text: str) -> Position:
    """Raises: ValueError."""
    milliseconds, number = text.split("-")
    return Position(int(milliseconds), int(number))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a workspace.

    `items` are JSON objects, several joined by commas, by the ULID of what they are about; "" where there is none.
    """

    workspace_id: int
    kind: str
    items: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in the stream."""

    position: Position
    kind: str
    items: Mapping[str, bytes]


Watched = frozenset[int]
Tell = Callable[[Watched], Awaitable[Iterable[Event]]]


class Publisher:
    """Tells the listeners of every process. Nobody waits for it longer than Redis' time-out, and it never fails."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._list_watched = cache.redis.register_script(_LIST_WATCHED)
        # A process that was killed may have left out what it had just committed, so each begins with a reset.
        self._lost = True

    async def publish(self, tell: Tell) -> None:
        """Publish what `tell` answers for the watched workspaces; it is not asked when there are none."""
        lost, self._lost = self._lost, False
        try:
            watched = await self._watched()
            if not watched:
                return
            events = [event for event in await tell(watched) if event.workspace_id in watched]
            if lost:
                events += [Event(workspace_id, RESET, {}) for workspace_id in watched]
            await self._add(events)
        except RedisUnavailable:
            self._lost = True

    def lose(self) -> None:
        """Something that happened will not be told: the next publication says so."""
        self._lost = True

    async def _watched(self) -> Watched:
        members = await self._cache.ask(self._list_watched(keys=[_WATCHED]))
        return frozenset(int(member) for member in members)

    async def _add(self, events: Sequence[Event]) -> None:
        if not events:
            return
        pipeline = self._cache.redis.pipeline(transaction=False)
        for event in events:
            size = sum(map(len, event.items.values())) + 100
            pipeline.xadd(
                _STREAM % event.workspace_id,
                {b"kind": event.kind.encode(), **{name.encode(): item for name, item in event.items.items()}},
                maxlen=max(MIN_ENTRIES, min(MAX_ENTRIES, STREAM_BYTES // size)),
                approximate=True,
                nomkstream=True,
            )
        await self._cache.ask(pipeline.execute())


class Listener:
    """Reads the streams of watched workspaces."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._watch = cache.redis.register_script(_WATCH)

    async def watch(self, workspace_id: int) -> tuple[bool, Position]:
        """Have the workspace's events published from now on, for WATCHED_SECONDS; call it again well before.

        Whether the stream has just begun, and its last position. Raises: RedisUnavailable.
        """
        keys = [_WATCHED, _STREAM % workspace_id]
        fresh, last = await self._cache.ask(self._watch(keys=keys, args=[workspace_id, WATCHED_SECONDS]))
        return bool(fresh), parse_position(last.decode())

    async def read(self, after: Mapping[int, Position], limit: int) -> dict[int, list[Entry]]:
        """New entries behind these positions, at most so many a workspace. Raises: RedisUnavailable."""
        streams: Any = {_STREAM % workspace_id: str(position) for workspace_id, position in after.items()}
        numbers = {(_STREAM % workspace_id).encode(): workspace_id for workspace_id in after}
        answer = await self._cache.ask(self._cache.redis.xread(streams, count=limit))
        return {numbers[name]: _entries(entries) for name, entries in _pairs(answer)}

    async def page(self, workspace_id: int, after: Position, until: Position, limit: int) -> list[Entry]:
        """The first entries between two positions, without `after`. Raises: RedisUnavailable."""
        stream = _STREAM % workspace_id
        return _entries(await self._cache.ask(self._cache.redis.xrange(stream, f"({after}", str(until), limit)))

    async def holds(self, workspace_id: int, position: Position) -> bool:
        """Whether the stream knows this position, and all behind it is still there. Raises: RedisUnavailable."""
        stream = _STREAM % workspace_id
        first = _entries(await self._cache.ask(self._cache.redis.xrange(stream, count=1)), whole=True)
        last = _entries(await self._cache.ask(self._cache.redis.xrevrange(stream, count=1)), whole=True)
        return bool(first and last) and first[0].position <= position <= last[0].position


def _pairs(answer: Any) -> Iterable[tuple[bytes, Any]]:
    return answer.items() if isinstance(answer, dict) else answer or ()


def _entries(answer: Any, *, whole: bool = False) -> list[Entry]:
    """Without the mark of the stream's beginning, unless the `whole` is asked for."""
    found = []
    for number, fields in answer:
        items = {name.decode(): value for name, value in fields.items() if name != _KIND}
        entry = Entry(parse_position(number.decode()), fields[_KIND].decode(), items)
        if whole or entry.kind != _START:
            found.append(entry)
    return found
