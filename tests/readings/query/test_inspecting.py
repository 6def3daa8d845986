"""Quality from statistics says what decoding every reading says."""

import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
import pytest

from app.core.db import Database
from app.readings.courses import SECOND, Course, Measured
from app.readings.engine import outline
from app.readings.engine.question import Question
from app.readings.inspecting import inspect
from app.readings.quantities import ID_OF_NAME
from app.readings.segments import HOUR
from tests.conftest import NewUser
from tests.readings.query.oracle import Stored
from tests.readings.query.store import Store
from tests.readings.storage import new_servers, workspace_of

FIRST = 470_000
HOURS = 14
SHOWN = ("temperature", "voltage")
CASES = 200 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 12
Courses = dict[int, Course]


def made(chance: random.Random, server: int) -> list[Stored]:
    """Hours of a sensor that is dull, stuck, wild or partly away; readings that are missing now and then."""
    step = chance.choice((10, 60))
    found, value = [], 20.0
    for hour in range(FIRST, FIRST + HOURS):
        mood = chance.choice(("dull", "stuck", "stuck", "wild", "gap", "lossy", "away"))
        if mood == "away":
            continue
        gap = range(0)
        if mood == "gap":
            begin = chance.randrange(3600)
            gap = range(begin, begin + chance.choice((2, 3, 4, 5, 20)) * step)
        for second in range(0, 3600, step):
            if second in gap or (mood == "lossy" and chance.random() < 0.1):
                continue
            if mood != "stuck":
                value = chance.choice((20.0, 21.0)) if mood == "dull" else 20.0 + chance.randrange(400) / 10
            values = {"temperature": value}
            if chance.random() < 0.9 or mood == "stuck":
                values["voltage"] = float(chance.randrange(3)) if mood != "stuck" else 230.0
            if mood == "lossy" and chance.random() < 0.5:
                del values["temperature"]
            if values:
                found.append(Stored(server, hour * HOUR + second * SECOND + chance.choice((0, 1)), values))
    return found


def courses(chance: random.Random, servers: list[int], question: Question) -> Callable[[], Courses]:
    stuck_after = chance.choice((600, 3600, 3600, 5400, 7200)) * SECOND
    interval = chance.choice((None, 10.0 * SECOND, 60.0 * SECOND))

    def course() -> Course:
        measured = {name: Measured(0.0, chance_high, stuck_after) for name in SHOWN}
        return Course(question.start, question.end, interval, measured)

    chance_high = chance.choice((50.0, 1000.0))
    return lambda: {server: course() for server in servers}


def by_hand(found: Courses, readings: list[Stored], question: Question, shown: tuple[str, ...]) -> None:
    """All readings, decoded, as one stretch."""
    for server, course in found.items():
        own = [
            row
            for row in sorted(readings, key=lambda row: row.ts)
            if row.server == server and question.start <= row.ts < question.end and set(row.values) & set(shown)
        ]
        if own:
            course.add(np.array([row.ts for row in own]))
        for name in shown:
            there = [row for row in own if name in row.values]
            if there:
                course.measured[name].add(
                    np.array([row.ts for row in there]), np.array([row.values[name] for row in there])
                )
        course.finish()


def told(course: Course) -> tuple[Any, ...]:
    gaps, measured = course.gaps, course.measured
    quantities = [
        (name, m.readings, m.minimum, m.maximum, m.out_of_range, m.stuck.count, m.stuck.total, set(m.stuck.longest))
        for name, m in measured.items()
    ]
    return course.readings, course.interval, gaps.count, gaps.total, set(gaps.longest), quantities


@pytest.mark.parametrize("filtered", [False, True])
async def test_statistics_say_what_the_readings_say(
    database: Database, connection: "psycopg.Connection[Any]", new_user: NewUser, filtered: bool
) -> None:
    workspace_id = await workspace_of(database, new_user().username)
    servers = await new_servers(database, workspace_id, 2)
    store = Store(connection, {})
    for seed in range(CASES):
        chance = random.Random(seed)
        store.clear(servers)
        readings = [row for server in servers for row in made(chance, server)]
        late = [row for row in readings if chance.random() < 0.2 and row.ts // HOUR % 5 == 0]
        store.put_sealed([row for row in readings if row not in late])
        store.put_hot(late)
        shown = SHOWN[:1] if filtered else SHOWN
        start, end = FIRST * HOUR, (FIRST + HOURS) * HOUR
        if chance.random() < 0.5:
            start, end = start + chance.randrange(2 * HOUR), end - chance.randrange(2 * HOUR)
        question = Question(
            servers=np.array(servers), group=np.zeros(2, np.int64), labels=(None,), label_key=None,
            quantities={name: ID_OF_NAME[name] for name in shown}, shown=shown, start=start, end=end,
        )  # fmt: skip
        fresh = courses(chance, servers, question)
        expected, found = fresh(), fresh()
        by_hand(expected, readings, question, shown)
        async with database.snapshot(workspace_id) as snapshot:
            seen = await outline.overview(snapshot, question)
            await inspect(snapshot, question, seen, found, filtered=filtered)
        for server in servers:
            found[server].finish()
            assert told(found[server]) == told(expected[server]), f"case of seed {seed}"
    store.clear(servers)
