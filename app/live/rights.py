"""Whether those who watch still may: a stream outlives the request that opened it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.core import stopping
from app.core.db import UNAVAILABLE
from app.core.errors import Problem
from app.core.text import first_line
from app.live.hub import Subscription

# A revoked credential ends its streams within this and a little; 500 streams cost some 0.2 s of a core each time.
LOOK_SECONDS = 2.0
Check = Callable[[], Awaitable[bool]]
"""Whether the credential still opens the stream; a Problem says no as well."""

log = structlog.get_logger()


class Rights:
    """The credentials behind this process's streams, each looked at again and again, one after the other."""

    def __init__(self) -> None:
        self._checks: dict[Subscription, Check] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._look_for_ever())

    async def close(self) -> None:
        await stopping.cancel(self._task)

    def watch(self, reader: Subscription, check: Check) -> None:
        self._checks[reader] = check

    def forget(self, reader: Subscription) -> None:
        self._checks.pop(reader, None)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for reader, check in list(self._checks.items()):
                if not reader.ended:
                    await _look(reader, check)


async def _look(reader: Subscription, check: Check) -> None:
    try:
        allowed = await check()
    except UNAVAILABLE as error:
        log.warning("rights_not_read", error=first_line(error))
        return
    except Problem:
        allowed = False
    if not allowed:
        reader.end()
