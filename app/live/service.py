"""One reader's stream, from its first frame to its end."""

from collections.abc import AsyncIterator, Sequence

from app.core.db import ReadSession
from app.core.events import Listener, Position
from app.core.redis import Cache, RedisUnavailable
from app.live import frames
from app.live.frames import Servers
from app.live.hub import Hub, Subscription
from app.live.rights import Check, Rights
from app.servers import service as servers

# Proxies and phones cut what is silent for half a minute or more.
HEARTBEAT_SECONDS = 5.0
# Entries read at a time for a reader who comes back: some 100 KB of a small fleet's.
PAGE_ENTRIES = 100


async def asked_servers(session: ReadSession, workspace_id: int, server_ulids: Sequence[str]) -> Servers:
    """The ULIDs to show, None for all. Raises: NoSuchServer."""
    if not server_ulids:
        return None
    found = await servers.find_all(session, workspace_id, server_ulids)
    return frozenset(server.server_ulid for server in found)


class Live:
    """What streams work with in one process."""

    def __init__(self, cache: Cache, limit: int) -> None:
        self.listener = Listener(cache)
        self.hub = Hub(self.listener, limit)
        self.rights = Rights()

    def start(self) -> None:
        self.hub.start()
        self.rights.start()

    def stop(self) -> None:
        """End every stream at once: the process is asked to end, and waits for its answers before it does."""
        self.hub.stop()

    async def close(self) -> None:
        await self.rights.close()
        await self.hub.close()

    async def open(self, workspace_id: int, asked: Servers, last: Position | None, check: Check) -> "Stream":
        """A stream that begins, or goes on behind `last`. Raises: TooManyStreams, RedisUnavailable."""
        reader, position, fresh = await self.hub.join(workspace_id, asked)
        try:
            resumes = last is not None and not fresh and await self.listener.holds(workspace_id, last)
        except BaseException:
            self.hub.leave(reader)
            raise
        self.rights.watch(reader, check)
        if last is None or not resumes:
            beginning = frames.ready(position, resumed=False) if last is None else frames.reset(position)
            return Stream(self, reader, beginning)
        reader.after = last
        return Stream(self, reader, frames.ready(last, resumed=True), (last, position))


class Stream:
    """What one reader gets; it holds a place until `close`."""

    def __init__(
        self, live: Live, reader: Subscription, beginning: bytes, missed: tuple[Position, Position] | None = None
    ) -> None:
        self._live = live
        self._beginning = beginning
        self._missed = missed
        self.reader = reader

    def close(self) -> None:
        self._live.rights.forget(self.reader)
        self._live.hub.leave(self.reader)

    async def frames(self) -> AsyncIterator[bytes]:
        """The frames until somebody ends the subscription."""
        yield frames.RETRY + self._beginning
        if self._missed:
            try:
                async for frame in self._replay(*self._missed):
                    yield frame
            except RedisUnavailable:
                # The reader comes back to where it was.
                return
        while not self.reader.ended:
            gathered = await self.reader.next(HEARTBEAT_SECONDS)
            if gathered:
                yield gathered
            elif not self.reader.ended and (position := self._live.hub.position(self.reader)):
                yield frames.heartbeat(max(position, self.reader.after or position))

    async def _replay(self, after: Position, until: Position) -> AsyncIterator[bytes]:
        while after < until and not self.reader.ended:
            entries = await self._live.listener.page(self.reader.workspace_id, after, until, PAGE_ENTRIES)
            if not entries:
                return
            after = entries[-1].position
            if shown := b"".join(frames.frames(entries, self.reader.servers)):
                yield shown
