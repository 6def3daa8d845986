"""The one reader of Redis goes on, whoever comes and goes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.core.events import Event, Listener, Position, Publisher, Watched
from app.core.redis import Cache
from app.core.settings import Settings
from app.live.hub import TICK_SECONDS, Hub
from tests.system import System

WORKSPACE = 987_654


@pytest.fixture
async def cache(system: System) -> AsyncIterator[Cache]:
    opened = Cache(Settings(redis_url=system.redis_url))
    yield opened
    await opened.close()


class Watching(Listener):
    """Lets the last reader leave while Redis is asked to keep its stream."""

    hub: Hub
    leaves = False

    async def watch(self, workspace_id: int) -> tuple[bool, Position]:
        answer = await super().watch(workspace_id)
        if self.leaves:
            for topic in list(self.hub._topics.values()):
                for reader in list(topic.readers):
                    self.hub.leave(reader)
        return answer


async def test_the_last_reader_may_leave_while_redis_is_asked(cache: Cache) -> None:
    listener = Watching(cache)
    listener.hub = hub = Hub(listener, 10)
    hub.start()
    try:
        await hub.join(WORKSPACE, None)
        listener.leaves, hub._topics[WORKSPACE].refresh_at = True, 0.0
        while hub._topics:
            await asyncio.sleep(TICK_SECONDS / 10)
        listener.leaves = False
        await asyncio.sleep(2 * TICK_SECONDS)
        reader, _, _ = await hub.join(WORKSPACE, None)

        async def tell(_: Watched) -> list[Event]:
            return [Event(WORKSPACE, "reading", {"": b"{}"})]

        publisher = Publisher(cache)
        await publisher.publish(tell)
        assert b"event: reading" in (await reader.next(50 * TICK_SECONDS) or b"")
    finally:
        await hub.close()
