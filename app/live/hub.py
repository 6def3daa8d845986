"""The streams of one process: one reader of Redis for all of them, and each frame made once for all who see it.

The reader asks Redis ten times a second, which is also the bound on frames a second; a blocking read would be some
50 ms faster and need a connection for each workspace.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core import metrics
from app.core.events import Entry, Listener, Position
from app.core.redis import RedisUnavailable
from app.live.errors import TooManyStreams
from app.live.frames import Servers, frames, reset

TICK_SECONDS = 0.1
# A workspace whose stream Redis has lost is noticed after this, long before it would count as unwatched.
REFRESH_SECONDS = 2.0
# Entries of one workspace a tick; a publisher makes at most two, so this is for coming back from a pause.
ENTRIES_A_TICK = 200
# Behind by more than this, a reader is too slow: it is let go, and comes back to what it has missed.
MAX_BUFFERED_BYTES = 512 * 1024


class Subscription:
    """What waits for one reader."""

    def __init__(self, workspace_id: int, servers: Servers) -> None:
        self.workspace_id = workspace_id
        self.servers = servers
        self.after: Position | None = None
        """What the reader has seen already though this process has not."""
        self.ended = False
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()

    def offer(self, frame: bytes) -> None:
        """Queue a frame; a reader that is too far behind is let go."""
        if self.ended:
            return
        if self._frames and self._size + len(frame) > MAX_BUFFERED_BYTES:
            metrics.STREAMS_DROPPED.inc()
            self.end()
            return
        self._frames.append(frame)
        self._size += len(frame)
        self._wake.set()

    def end(self) -> None:
        """Let the reader go; what waits for it is forgotten."""
        self.ended = True
        self._frames.clear()
        self._wake.set()

    async def next(self, seconds: float) -> bytes | None:
        """What has gathered for the reader; None after so long without anything, and at the end."""
        if not self._frames and not self.ended:
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), seconds)
            except TimeoutError:
                return None
        gathered = b"".join(self._frames)
        self._frames.clear()
        self._size = 0
        return gathered or None


@dataclass(slots=True)
class Topic:
    """A workspace that is watched here: how far its stream was read, and by whom."""

    position: Position
    refresh_at: float
    readers: set[Subscription] = field(default_factory=set)


class Hub:
    """All streams of this process."""

    def __init__(self, listener: Listener, limit: int) -> None:
        self._listener = listener
        self._limit = limit
        self._count = 0
        self._topics: dict[int, Topic] = {}
        self._busy = asyncio.Event()
        self._stopped = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._read_for_ever())

    def stop(self) -> None:
        """End every stream at once and take no new ones."""
        self._stopped = True
        for topic in self._topics.values():
            for reader in topic.readers:
                reader.end()

    async def close(self) -> None:
        self.stop()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def join(self, workspace_id: int, servers: Servers) -> tuple[Subscription, Position, bool]:
        """A new reader, with the position from which on it gets everything, and whether its workspace's stream has
        just begun. Raises: TooManyStreams, RedisUnavailable.
        """
        if self._stopped or self._count >= self._limit:
            raise TooManyStreams("This process serves {limit} streams already; try again later.", limit=self._limit)
        self._count += 1
        metrics.STREAMS.inc()
        reader = Subscription(workspace_id, servers)
        try:
            fresh, last = await self._listener.watch(workspace_id)
        except BaseException:
            self.leave(reader)
            raise
        topic = self._topics.get(workspace_id)
        if topic is None:
            topic = self._topics[workspace_id] = Topic(last, time.monotonic() + REFRESH_SECONDS)
        elif fresh:
            _begin_anew(topic, last)
        topic.readers.add(reader)
        self._busy.set()
        return reader, topic.position, fresh

    def leave(self, reader: Subscription) -> None:
        """Forget a reader."""
        reader.end()
        self._count -= 1
        metrics.STREAMS.dec()
        topic = self._topics.get(reader.workspace_id)
        if topic is None:
            return
        topic.readers.discard(reader)
        if not topic.readers:
            del self._topics[reader.workspace_id]

    def position(self, reader: Subscription) -> Position | None:
        """How far the reader has been served when nothing waits for it."""
        topic = self._topics.get(reader.workspace_id)
        return topic.position if topic else None

    async def _read_for_ever(self) -> None:
        while True:
            if not self._topics:
                self._busy.clear()
                await self._busy.wait()
            started = time.monotonic()
            # Whoever could not publish meanwhile says so afterwards.
            with contextlib.suppress(RedisUnavailable):
                await self._read()
            await asyncio.sleep(max(0.0, started + TICK_SECONDS - time.monotonic()))

    async def _read(self) -> None:
        moment = time.monotonic()
        for workspace_id, topic in list(self._topics.items()):
            if moment >= topic.refresh_at:
                fresh, last = await self._listener.watch(workspace_id)
                topic.refresh_at = moment + REFRESH_SECONDS
                if fresh:
                    _begin_anew(topic, last)
        positions = {workspace_id: topic.position for workspace_id, topic in self._topics.items()}
        # The last reader may have left while Redis was asked.
        if not positions:
            return
        for workspace_id, entries in (await self._listener.read(positions, ENTRIES_A_TICK)).items():
            if entries and workspace_id in self._topics:
                _distribute(self._topics[workspace_id], entries)


def _begin_anew(topic: Topic, last: Position) -> None:
    """Redis has lost the stream, and events with it."""
    topic.position = last
    for reader in topic.readers:
        reader.offer(reset(last))


def _distribute(topic: Topic, entries: Sequence[Entry]) -> None:
    topic.position = entries[-1].position
    made: dict[Servers, bytes] = {}
    for reader in list(topic.readers):
        if reader.after is not None and reader.after >= entries[0].position:
            after = reader.after
            shown = b"".join(frames([entry for entry in entries if entry.position > after], reader.servers))
        else:
            if reader.servers not in made:
                made[reader.servers] = b"".join(frames(entries, reader.servers))
            shown = made[reader.servers]
        # A tick's frames at once: of several, a small one before a large one would make a reader too slow that is not.
        if shown:
            reader.offer(shown)
