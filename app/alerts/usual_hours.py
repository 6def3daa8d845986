"""What deviations are held against, read beside the watcher's looks: the hour that is, and in time the next one."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import psycopg
import structlog

from app.alerts import history
from app.alerts.conditions import HourlyValues
from app.alerts.conditions.batch import Int
from app.alerts.conditions.usual import HOUR, past_hours
from app.alerts.following import Followed, alone
from app.core.db import UNAVAILABLE, Database
from app.readings.rows import Rows

# The next hour's is read so long before it begins.
AHEAD = HOUR // 6
# Readings of older hours come from a server that was away: they are judged without history, that is, not at all.
OLDEST_HOURS = 48

log = structlog.get_logger()
Loaded = tuple[frozenset[int], dict[str, HourlyValues]]


@dataclass(slots=True)
class Baselines:
    """Reads under way, by rule, each with the servers that it is for."""

    tasks: dict[int, tuple[Int, asyncio.Task[Loaded]]] = field(default_factory=dict)


def ready(database: Database, baselines: Baselines, followed: Followed, rows: Rows, now: int) -> bool:
    """Whether the rule may go on over these rows; what it lacks is being read."""
    if not followed.rule.days or not followed.size or followed.failed:
        return True
    servers, task = baselines.tasks.get(followed.rule_id, (None, None))
    if task is not None and task.done():
        del baselines.tasks[followed.rule_id]
        _take(followed, task, servers is followed.servers)
    needed = _hours(followed, rows, now)
    wanted = needed | {(now + AHEAD) // HOUR}
    if not wanted <= followed.hours and followed.rule_id not in baselines.tasks:
        work = _read(database, followed, frozenset(wanted))
        baselines.tasks[followed.rule_id] = (followed.servers, asyncio.create_task(work))
    return needed <= followed.hours


def _hours(followed: Followed, rows: Rows, now: int) -> frozenset[int]:
    _, own = followed.places(rows.server)
    hours = np.unique(rows.ts[own] // HOUR).tolist()
    return frozenset(hour for hour in hours if hour > now // HOUR - OLDEST_HOURS)


def _take(followed: Followed, task: asyncio.Task[Loaded], still: bool) -> None:
    error = task.exception()
    if error is None:
        followed.hours, followed.hourly = task.result() if still else (followed.hours, followed.hourly)
    elif isinstance(error, (*UNAVAILABLE, psycopg.Error)):
        log.warning("baseline_failed", rule=followed.rule_id, reason=str(error))
    else:
        with alone(followed):
            raise error


async def _read(database: Database, followed: Followed, hours: frozenset[int]) -> Loaded:
    found: dict[str, HourlyValues] = {}
    every = np.array(sorted(hours))
    async with database.snapshot(followed.workspace_id) as connection:
        numbers = await history.numbers(connection, followed.workspace_id)
        for part in followed.rule.parts:
            if part.kind == "deviation" and part.quantity in numbers:
                question = history.question_of(followed.rule, followed.servers.tolist(), numbers, 0, 1)
                past = np.unique(past_hours(every, part.days, part.zone)).tolist()
                read = await history.values_of_hours(connection, question, part.quantity, past)
                found[part.quantity] = history.joined(found.get(part.quantity), read)
    return hours, found
