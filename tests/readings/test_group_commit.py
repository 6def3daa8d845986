"""The group commit alone, against the real database."""

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.core.clock import to_microseconds
from app.core.db import Database
from app.presence.service import Arrivals
from app.readings.errors import Overloaded
from app.readings.ingest import GroupCommit
from app.readings.merging import Outcome
from app.readings.quantities import NAMES
from app.readings.rows import Reading, Rows, rows_of
from app.readings.tables import HotReading
from app.readings.waiting import Counts
from tests.database import database as database

START = datetime(2026, 1, 1, tzinfo=UTC)
START_US = to_microseconds(START)
# Numbers that no registered server of the running system has; readings have no foreign keys.
FIRST_FREE = 2_000_000_000


def readings(server_id: int, count: int, first: int = 0) -> list[Reading]:
    return [
        Reading(server_id, START_US + (first + index) * 1_000_000, {"temperature": float(index)})
        for index in range(count)
    ]


def rows(server_id: int, count: int, first: int = 0) -> Rows:
    return rows_of(readings(server_id, count, first))


@pytest.fixture
async def commits(database: Database) -> AsyncIterator[GroupCommit]:
    group = GroupCommit(database, backlog_limit=100, arrivals=Arrivals(10))
    group.start()
    yield group
    await group.close()


async def stored(database: Database, server_id: int) -> int:
    async with database.write() as session:
        return len((await session.scalars(select(HotReading.ts).where(HotReading.server_id == server_id))).all())


async def test_concurrent_requests_are_all_on_disk_when_answered(commits: GroupCommit, database: Database) -> None:
    answers = await asyncio.gather(*(commits.submit(reading) for reading in readings(FIRST_FREE, 90)))
    assert all(answer.outcome is Outcome.ACCEPTED for answer in answers)
    assert await stored(database, FIRST_FREE) == 90


async def test_a_poisoned_request_fails_alone(commits: GroupCommit, database: Database) -> None:
    # No name that a route admits: PostgreSQL refuses a NUL in a text.
    poison = Reading(FIRST_FREE + 1, START_US - 1, {"\0": 1.0})
    results = await asyncio.gather(
        commits.submit_rows(rows(FIRST_FREE + 1, 5)),
        commits.submit(poison),
        commits.submit_rows(rows(FIRST_FREE + 2, 5)),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert await stored(database, FIRST_FREE + 1) == await stored(database, FIRST_FREE + 2) == 5


async def test_past_its_bound_the_backlog_refuses_and_what_waits_is_stored(
    commits: GroupCommit, database: Database
) -> None:
    waiting = commits.submit_rows(rows(FIRST_FREE + 3, 60))
    for _ in range(2):
        with pytest.raises(Overloaded):
            commits.submit_rows(rows(FIRST_FREE + 3, 60, first=60))
    assert await waiting == Counts(accepted=60)
    assert await stored(database, FIRST_FREE + 3) == 60


async def test_closing_commits_what_was_accepted(database: Database) -> None:
    group = GroupCommit(database, backlog_limit=1000, arrivals=Arrivals(10))
    group.start()
    waiting = group.submit_rows(rows(FIRST_FREE + 4, 50))
    await group.close()
    assert await waiting == Counts(accepted=50)
    assert await stored(database, FIRST_FREE + 4) == 50


async def test_two_processes_writing_the_same_instants_in_opposite_order_do_not_deadlock(database: Database) -> None:
    groups = [GroupCommit(database, backlog_limit=10_000, arrivals=Arrivals(10)) for _ in range(2)]
    for group in groups:
        group.start()
    batch = readings(FIRST_FREE + 5, 500)
    rounds = [groups[number % 2].submit_rows(rows_of(batch[:: 1 if number % 2 else -1])) for number in range(10)]
    total = sum(await asyncio.gather(*rounds), Counts())
    for group in groups:
        await group.close()
    assert total == Counts(accepted=500, duplicates=4500)


async def test_values_come_back_bit_for_bit(commits: GroupCommit, database: Database) -> None:
    odd = (0.1, -0.0, 5e-324, math.nextafter(1e30, 0))
    await commits.submit(Reading(FIRST_FREE + 6, START_US, dict(zip(NAMES, odd, strict=True))))
    async with database.write() as session:
        row = await session.get_one(HotReading, (FIRST_FREE + 6, START))
    assert [
        value.hex() for value in (row.temperature, row.humidity, row.voltage, row.current) if value is not None
    ] == [value.hex() for value in odd]
