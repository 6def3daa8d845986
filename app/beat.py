"""Celery beat's scheduler: `celery -A app.worker beat`. Several may run; each entry is sent once an interval."""

from typing import Any

import structlog
from celery.beat import Scheduler, SchedulingError
from sqlalchemy.exc import ProgrammingError

from app.core import queue, schedule
from app.core.db import UNAVAILABLE
from app.core.text import first_line

# Another beat's entry, or a new interval, is noticed within this; so an entry of a beat that died is late by no more.
LOOK_SECONDS = 1.0
# Two entries due a few milliseconds apart are one look.
MIN_PAUSE_SECONDS = 0.05

log = structlog.get_logger("beat")


class SharedScheduler(Scheduler):  # type: ignore[misc]
    """Sends what PostgreSQL says is due and nobody else is sending."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self._known = False

    def tick(self, *_: Any, **__: Any) -> float:
        """Send what is due; in how many seconds to look again."""
        entries = {name: entry.schedule.run_every.total_seconds() for name, entry in self.schedule.items()}
        try:
            if not self._known:
                queue.run(lambda resources: schedule.know(resources.database, list(entries)))
                self._known = True
            due, left = queue.run(lambda resources: schedule.claim(resources.database, entries))
        except UNAVAILABLE as error:
            log.warning("beat_waits_for_database", reason=first_line(error))
            return LOOK_SECONDS
        except ProgrammingError:
            log.info("beat_waits_for_schema")
            return LOOK_SECONDS
        for name in due:
            self._send(name)
        return min(LOOK_SECONDS, max(MIN_PAUSE_SECONDS, left))

    def _send(self, name: str) -> None:
        try:
            self.apply_async(self.schedule[name], producer=self.producer, advance=False)
        except SchedulingError as error:
            log.warning("beat_waits_for_broker", entry=name, reason=str(error))
            self._give_back(name)

    def _give_back(self, name: str) -> None:
        """Should the database be away too, the entry waits for its next turn."""
        try:
            queue.run(lambda resources: schedule.give_back(resources.database, name))
        except UNAVAILABLE as error:
            log.warning("beat_entry_left_out", entry=name, reason=repr(error))
