"""The process with deadlines: `python -m app.watcher`. Several may run; one leads, the others stand by."""

import asyncio
import os
import signal
import time

import structlog

from app.alerts import announcing as incident_news
from app.alerts import delivering, evaluating
from app.core import db, leader, metrics, stopping
from app.core.copy import Connection
from app.core.db import Database
from app.core.events import Event, Publisher, Watched
from app.core.logging import configure
from app.core.process import die_with_parent
from app.core.redis import Cache
from app.core.settings import Settings, get_settings
from app.monitoring.measuring import measure_for_ever
from app.presence import announcing, beats, watching

# "sentinew" as eight bytes: another lock than the migrations'.
WATCHER_LOCK = 0x73656E74696E6577
# A change is noticed within this even where no deadline announces it: a server that comes back, a new limit.
LOOK_SECONDS = 0.5
# Two deadlines a few milliseconds apart are one look.
MIN_PAUSE_SECONDS = 0.05
# An event is of one workspace and look: minutes of Redis' absence, some megabytes at the worst.
MAX_WAITING = 1000

_DELAYS = metrics.Observations(metrics.PRESENCE_DELAY)

log = structlog.get_logger()


class Looks:
    """When looks began, and how late they were."""

    def __init__(self) -> None:
        self._began = self._before = time.monotonic()

    def start(self) -> None:
        self._before, self._began = self._began, time.monotonic()

    def measure(self, seen: watching.Look, watch: evaluating.Watch) -> None:
        """The look that has begun is committed."""
        moment = time.time()
        metrics.WATCHER_LOOK.set(moment)
        for change in seen.changes:
            metrics.PRESENCE_CHANGES.labels(change.status).inc()
            _DELAYS.add(max(0.0, moment - change.at.timestamp()))
        _DELAYS.write()
        metrics.RULES_FOLLOWED.set(watch.followed)
        if watch.followed:
            # Whatever was committed just after the last look had begun waited until now.
            metrics.RULE_LAG.observe(time.monotonic() - self._before)


class News:
    """Tells whoever watches, and the workers, beside the looks: a Redis that hangs takes seconds, in which the leader
    would fall idle.
    """

    def __init__(self, settings: Settings) -> None:
        self._cache = Cache(settings)
        self._publisher = Publisher(self._cache)
        self._waiting: list[Event] = []
        self._telling: asyncio.Task[None] | None = None
        self._nudging: asyncio.Task[None] | None = None

    def tell(self, events: list[Event]) -> None:
        """Publish what has been committed; of more than can be told, that it was lost."""
        self._waiting += events
        if len(self._waiting) > MAX_WAITING:
            self._waiting.clear()
            self._publisher.lose()
        if self._waiting and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell_all())

    def nudge(self) -> None:
        """Have the workers deliver; one message on its way is enough."""
        if self._nudging is None or self._nudging.done():
            self._nudging = asyncio.create_task(delivering.nudge())

    async def close(self) -> None:
        running = [task for task in (self._telling, self._nudging) if task]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._cache.close()

    async def _tell_all(self) -> None:
        while self._waiting:
            told, self._waiting = self._waiting, []

            async def events(_: Watched, told: list[Event] = told) -> list[Event]:
                return told

            await self._publisher.publish(events)


async def watch_all(
    connection: Connection, database: Database, settings: Settings, news: News, stop: asyncio.Event
) -> None:
    """Look at presence and rules when the next deadline is due, at least each half second, until `stop`.

    What memory knows begins anew with each leadership: a transaction that failed has left it ahead of the rows.
    """
    watch = evaluating.Watch()
    looks = Looks()
    while not stop.is_set():
        looks.start()
        async with db.transaction(connection):
            await beats.beat(connection, beats.WATCHER)
            seen = await watching.look(connection, settings.offline_after_seconds, LOOK_SECONDS)
            happened = await evaluating.follow(connection, database, watch, seen.changes)
        looks.measure(seen, watch)
        for change in seen.changes:
            log.info("presence_changed", server=change.server_id, status=change.status, at=change.at.isoformat())
        news.tell([*announcing.as_events(seen.changes), *incident_news.as_events(happened)])
        if happened:
            news.nudge()
        await leader.pause(stop, max(MIN_PAUSE_SECONDS, seen.next_seconds))


async def run(settings: Settings) -> None:
    """Watch while this process leads, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    database, news = Database(settings), News(settings)

    async def work(connection: Connection) -> None:
        measuring = asyncio.create_task(measure_for_ever(database, settings))
        try:
            await watch_all(connection, database, settings, news, stop)
        finally:
            await stopping.cancel(measuring)

    try:
        await leader.lead(database, WATCHER_LOCK, work, stop)
    finally:
        await news.close()
        await database.close()


def main() -> None:
    """Entry of the process."""
    settings = get_settings()
    configure(settings)
    if os.environ.get("SENTINELA_SUPERVISED"):
        die_with_parent(signal.SIGKILL)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
