"""The process with deadlines: `python -m app.watcher`. Several may run; one leads, the others stand by."""

import asyncio
import os
import signal
import time

import structlog

from app.alerts import delivering, evaluating
from app.core import db, leader, metrics
from app.core.copy import Connection
from app.core.db import Database
from app.core.logging import configure
from app.core.process import die_with_parent
from app.core.settings import Settings, get_settings
from app.monitoring.measuring import measure_for_ever
from app.presence import beats, watching

# "sentinew" as eight bytes: another lock than the migrations'.
WATCHER_LOCK = 0x73656E74696E6577
# A change is noticed within this even where no deadline announces it: a server that comes back, a new limit.
LOOK_SECONDS = 0.5
# Two deadlines a few milliseconds apart are one look.
MIN_PAUSE_SECONDS = 0.05

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


async def watch_all(connection: Connection, database: Database, settings: Settings, stop: asyncio.Event) -> None:
    """Look at presence and rules when the next deadline is due, at least each half second, until `stop`.

    What memory knows begins anew with each leadership: a transaction that failed has left it ahead of the rows.
    """
    watch = evaluating.Watch()
    nudge: asyncio.Task[None] | None = None
    looks = Looks()
    while not stop.is_set():
        looks.start()
        async with db.transaction(connection):
            await beats.beat(connection, beats.WATCHER)
            seen = await watching.look(connection, settings.offline_after_seconds, LOOK_SECONDS)
            decided = await evaluating.follow(connection, database, watch, seen.changes)
        looks.measure(seen, watch)
        for change in seen.changes:
            log.info("presence_changed", server=change.server_id, status=change.status, at=change.at.isoformat())
        if decided and (nudge is None or nudge.done()):
            # Beside the looks: a broker that hangs takes seconds, in which the leader would fall idle.
            nudge = asyncio.create_task(delivering.nudge())
        await leader.pause(stop, max(MIN_PAUSE_SECONDS, seen.next_seconds))


async def run(settings: Settings) -> None:
    """Watch while this process leads, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    database = Database(settings)

    async def work(connection: Connection) -> None:
        measuring = asyncio.create_task(measure_for_ever(database, settings))
        try:
            await watch_all(connection, database, settings, stop)
        finally:
            measuring.cancel()
            await asyncio.wait([measuring])

    try:
        await leader.lead(database, WATCHER_LOCK, work, stop)
    finally:
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
