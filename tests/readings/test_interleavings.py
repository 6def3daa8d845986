"""Random interleavings of everything that writes readings, against the real database: the end equals a dictionary."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from app.core.clock import to_microseconds
from app.core.db import Database
from app.presence.service import Arrivals
from app.readings.bulk import Bulk
from app.readings.ingest import GroupCommit
from app.readings.merging import Outcome
from app.readings.packing import pack_rows
from app.readings.quantities import NAMES
from app.readings.rows import Reading, rows_of
from app.readings.tables import HotReading
from app.readings.waiting import Counts, Stored
from tests.database import database as database

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
CASES = 10_000 if LONG else 200
SEED = secrets.randbelow(2**32) if LONG else 7
AT_ONCE = 8
QUANTITIES = (*NAMES, "flow")
# Numbers that no registered server of the running system has; a new pair of them each case.
_servers = count(2_001_000_000)

Key = tuple[int, int]
State = dict[Key, dict[str, float]]
Write = Callable[[Sequence[Reading]], Awaitable[Counts]]


class _GivenUp(Exception):
    """Raised inside a transaction, which must leave nothing."""


@dataclass
class Writers:
    """Two processes' worth of writers on one database."""

    groups: list[GroupCommit]
    bulk: Bulk

    async def one_by_one(self, readings: Sequence[Reading]) -> Counts:
        """Each reading a request of its own, all at once, spread over the groups."""
        waiting = [self.groups[place % 2].submit(reading) for place, reading in enumerate(readings)]
        return sum((_counted(answer) for answer in await asyncio.gather(*waiting)), Counts())

    async def batch(self, readings: Sequence[Reading]) -> Counts:
        return await self.groups[len(readings) % 2].submit_rows(rows_of(readings))

    async def own_transaction(self, readings: Sequence[Reading], *, given_up: bool = False) -> Counts:
        rows = rows_of(readings)
        async with self.bulk.transaction() as transaction:
            await transaction.store(rows, pack_rows(rows))
            if given_up:
                raise _GivenUp
        return transaction.total

    async def rolled_back(self, readings: Sequence[Reading]) -> Counts:
        with pytest.raises(_GivenUp):
            await self.own_transaction(readings, given_up=True)
        return Counts()


def _counted(answer: Stored) -> Counts:
    return Counts(
        int(answer.outcome is Outcome.ACCEPTED),
        int(answer.outcome is Outcome.UPDATED),
        int(answer.outcome is Outcome.DUPLICATE),
    )


@pytest.fixture(scope="module")
async def writers(database: Database) -> AsyncIterator[Writers]:
    arrivals = Arrivals(10)
    opened = Writers(
        [GroupCommit(database, 100_000, arrivals) for _ in range(2)], Bulk(database, arrivals, timedelta(hours=2))
    )
    for group in opened.groups:
        group.start()
    yield opened
    await opened.bulk.close()
    for group in opened.groups:
        await group.close()


class Case:
    """Few keys, so that writes meet; some long past, whose server's history version they raise in one transaction."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        base = self.chance.choice([time.time_ns() // 1000, 1_700_000_000_000_000])
        self.servers = [next(_servers) for _ in range(self.chance.randint(1, 2))]
        self.keys = [(server, base + step) for server in self.servers for step in range(self.chance.randint(1, 4))]

    def readings(self, value: Callable[[Key, str], float]) -> list[Reading]:
        """One to five readings, some of the same key, each with some of the quantities."""
        keys = self.chance.choices(self.keys, k=self.chance.randint(1, 5))
        return [
            Reading(
                *key, {name: value(key, name) for name in self.chance.sample(QUANTITIES, self.chance.randint(1, 5))}
            )
            for key in keys
        ]

    async def stored(self, database: Database) -> State:
        query = select(HotReading).where(HotReading.server_id.in_(self.servers))
        async with database.write() as session:
            return {(row.server_id, to_microseconds(row.ts)): _values(row) for row in await session.scalars(query)}


def _values(row: HotReading) -> dict[str, float]:
    columns: dict[str, Any] = {name: getattr(row, name) for name in NAMES} | (row.extra or {})
    return {name: value for name, value in columns.items() if value is not None}


def _one_value(key: Key, name: str) -> float:
    """What every writer says of a key and quantity, so that any order must end alike."""
    return float(key[1] % 1000 + QUANTITIES.index(name))


async def at_any_time(chance: random.Random, write: Write, readings: Sequence[Reading]) -> Counts:
    for _ in range(chance.randrange(4)):
        await asyncio.sleep(0)
    return await write(readings)


async def concurrently(database: Database, writers: Writers, seed: int) -> None:
    """Writes and their retries at once: the end is the union, and each key was new to exactly one reading."""
    case = Case(seed)
    ways = [writers.one_by_one, writers.batch, writers.own_transaction]
    expected: State = {}
    plan: list[tuple[Write, list[Reading]]] = []
    for _ in range(case.chance.randint(2, 6)):
        readings = case.readings(_one_value)
        for reading in readings:
            expected.setdefault((reading.server_id, reading.ts), {}).update(reading.values)
        plan += [(case.chance.choice(ways), readings) for _ in range(case.chance.choice([1, 1, 2]))]
    plan += [(writers.rolled_back, case.readings(_one_value)) for _ in range(case.chance.randrange(2))]
    case.chance.shuffle(plan)
    total = sum(await asyncio.gather(*(at_any_time(case.chance, *step) for step in plan)), Counts())
    assert await case.stored(database) == expected
    assert total.accepted == len(expected)
    kept = sum(len(readings) for write, readings in plan if write != writers.rolled_back)
    assert total.accepted + total.updated + total.duplicates == kept


async def one_after_the_other(database: Database, writers: Writers, seed: int) -> None:
    """Values that differ: the newest wins, a quantity at a time, and every outcome is exact."""
    case = Case(seed)
    ways = [writers.batch, writers.own_transaction]
    expected: State = {}
    for _ in range(case.chance.randint(2, 6)):
        readings = case.readings(lambda _, __: float(case.chance.randrange(3)))
        if case.chance.random() < 0.2:
            await writers.rolled_back(readings)
        told = [_outcome(expected, reading) for reading in readings]
        assert await case.chance.choice(ways)(readings) == sum(told, Counts())
    assert await case.stored(database) == expected


def _outcome(state: State, reading: Reading) -> Counts:
    """Write a reading to the dictionary."""
    key = (reading.server_id, reading.ts)
    before = state.get(key)
    state[key] = {**(before or {}), **reading.values}
    return Counts(int(before is None), int(before not in (None, state[key])), int(before == state[key]))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("play", [concurrently, one_after_the_other])
async def test_any_interleaving_of_writers_equals_a_dictionary(
    database: Database, writers: Writers, play: Callable[[Database, Writers, int], Awaitable[None]]
) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def played(seed: int) -> None:
        async with slots:
            try:
                await play(database, writers, seed)
            except Exception as error:
                raise AssertionError(f"case of seed {seed}: {error}") from error

    async with asyncio.TaskGroup() as cases:
        for number in range(CASES // 2):
            cases.create_task(played(SEED + number))
