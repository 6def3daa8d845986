"""The group commit alone, against the real database."""

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.presence.service import Arrivals
from app.readings.errors import Overloaded
from app.readings.hot import Outcome
from app.readings.ingest import GroupCommit
from app.readings.schemas import Reading
from app.readings.tables import HotReading
from tests.database import database as database

START = datetime(2026, 1, 1, tzinfo=UTC)
# Numbers that no registered server of the running system has; readings have no foreign keys.
FIRST_FREE = 2_000_000_000


def readings(server_id: int, count: int, first: int = 0) -> list[Reading]:
    return [
        Reading(server_id, START + timedelta(seconds=first + index), (float(index), None, None, None))
        for index in range(count)
    ]


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
    answers = await asyncio.gather(*(commits.submit(readings(FIRST_FREE, 1, first)) for first in range(90)))
    assert all(answer[0].outcome is Outcome.ACCEPTED for answer in answers)
    assert await stored(database, FIRST_FREE) == 90


async def test_a_poisoned_request_fails_alone(commits: GroupCommit, database: Database) -> None:
    poison = [Reading(2**40, START, (1.0, None, None, None))]
    results = await asyncio.gather(
        commits.submit(readings(FIRST_FREE + 1, 5)),
        commits.submit(poison),
        commits.submit(readings(FIRST_FREE + 2, 5)),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert await stored(database, FIRST_FREE + 1) == await stored(database, FIRST_FREE + 2) == 5


async def test_past_its_bound_the_backlog_refuses_and_what_waits_is_stored(
    commits: GroupCommit, database: Database
) -> None:
    waiting = [asyncio.create_task(commits.submit(readings(FIRST_FREE + 3, 60))) for _ in range(3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Overloaded)]
    assert len(refused) == 2
    assert await stored(database, FIRST_FREE + 3) == 60


async def test_closing_commits_what_was_accepted(database: Database) -> None:
    group = GroupCommit(database, backlog_limit=1000, arrivals=Arrivals(10))
    group.start()
    waiting = asyncio.create_task(group.submit(readings(FIRST_FREE + 4, 50)))
    await asyncio.sleep(0)
    await group.close()
    assert len(await waiting) == 50
    assert await stored(database, FIRST_FREE + 4) == 50


async def test_two_processes_writing_the_same_instants_in_opposite_order_do_not_deadlock(database: Database) -> None:
    groups = [GroupCommit(database, backlog_limit=10_000, arrivals=Arrivals(10)) for _ in range(2)]
    for group in groups:
        group.start()
    batch = readings(FIRST_FREE + 5, 500)
    rounds = [groups[number % 2].submit(batch[:: 1 if number % 2 else -1]) for number in range(10)]
    outcomes = [entry.outcome for answer in await asyncio.gather(*rounds) for entry in answer]
    for group in groups:
        await group.close()
    assert outcomes.count(Outcome.ACCEPTED) == 500
    assert outcomes.count(Outcome.DUPLICATE) == 4500


async def test_values_come_back_bit_for_bit(commits: GroupCommit, database: Database) -> None:
    odd = (0.1, -0.0, 5e-324, math.nextafter(1e30, 0))
    await commits.submit([Reading(FIRST_FREE + 6, START, odd)])
    async with database.write() as session:
        row = await session.get_one(HotReading, (FIRST_FREE + 6, START))
    assert [
        value.hex() for value in (row.temperature, row.humidity, row.voltage, row.current) if value is not None
    ] == [value.hex() for value in odd]
