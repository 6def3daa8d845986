"""Random interleavings of what writes, seals, imports, deletes and expires readings: storage equals a dictionary."""

import asyncio
import os
import random
import secrets
from collections.abc import AsyncIterator

import numpy as np
import pytest

from app.core.copy import WriterConnection
from app.core.db import Database
from app.readings import hot, sealed, straight
from app.readings.cells import cells_of, in_key_order
from app.readings.deleting import Span, delete_readings
from app.readings.merging import Outcome, merge
from app.readings.packing import pack_rows
from app.readings.quantities import NAMES
from app.readings.rows import EMPTY, Reading, rows_of
from app.readings.segments import HOUR
from app.readings.waiting import Counts
from tests.conftest import NewUser
from tests.database import database as database
from tests.readings.storage import State, new_servers, stored, workspace_of

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
CASES = 3_000 if LONG else 60
SEED = secrets.randbelow(2**32) if LONG else 11
AT_ONCE = 4
QUANTITIES = (*NAMES, "flow")
FIRST_HOUR = 450_000
HOURS = range(FIRST_HOUR, FIRST_HOUR + 3)


class GivenUp(Exception):
    """Raised inside a transaction, which must leave nothing."""


class Case:
    """Few instants in three hours of two servers, so that everything meets; and the dictionary."""

    def __init__(self, seed: int, writer: WriterConnection, servers: list[int]) -> None:
        self.chance = random.Random(seed)
        self.writer = writer
        self.servers = servers
        self.expected: State = {}
        # At the borders of hours, where a microsecond decides.
        self.instants = [hour * HOUR + offset for hour in HOURS for offset in (0, 1, 1_000_000, HOUR - 1)]

    async def play(self) -> None:
        steps = [self.arrive, self.arrive, self.seal, self.seal, self.take_in, self.import_dense, self.delete]
        steps += [self.delete_quantity, self.expire, self.give_up]
        for _ in range(self.chance.randint(3, 12)):
            step = self.chance.choice(steps)
            await step()
            assert await stored(self.writer, self.servers) == self.expected, step.__name__

    def readings(self, most: int = 12) -> list[Reading]:
        return [
            Reading(
                self.chance.choice(self.servers),
                self.chance.choice(self.instants),
                {n: float(self.chance.randrange(3)) for n in self.chance.sample(QUANTITIES, self.chance.randint(1, 5))},
            )
            for _ in range(self.chance.randint(1, most))
        ]

    def note(self, readings: list[Reading]) -> None:
        for reading in readings:
            key = (reading.server_id, reading.ts)
            self.expected[key] = {**self.expected.get(key, {}), **reading.values}

    async def arrive(self) -> None:
        readings = self.readings()
        rows = rows_of(readings)
        async with self.writer.transaction() as connection:
            await hot.store(connection, rows, pack_rows(rows))
        self.note(readings)

    async def seal(self) -> None:
        cells = cells_of([(server, hour) for server in self.servers for hour in HOURS if self.chance.random() < 0.7])
        async with self.writer.transaction() as connection:
            await sealed.lock(connection, cells)
            await sealed.fold(connection, cells)

    async def take_in(self) -> None:
        """An import: straight into segments, with exact counts."""
        readings = self.readings()
        rows = in_key_order(rows_of(readings))
        outcomes = merge(rows_of([Reading(*k, v) for k, v in self.expected.items()]) if self.expected else EMPTY, rows)
        accepted, updated, duplicates = (int((outcomes.outcomes == kind).sum()) for kind in Outcome)
        async with self.writer.transaction() as connection:
            assert await straight.fold(connection, rows) == Counts(accepted, updated, duplicates)
        self.note(readings)

    async def import_dense(self) -> None:
        """A batch of history: one hour dense enough for a segment, beside a few readings that are not."""
        server, hour = self.chance.choice(self.servers), self.chance.choice(HOURS)
        dense = [
            Reading(server, hour * HOUR + 1_000_000 * second, {"voltage": float(self.chance.randrange(2))})
            for second in range(straight.MIN_CELL_ROWS + 5)
        ]
        readings = self.readings(3) + dense
        self.chance.shuffle(readings)
        async with self.writer.transaction() as connection:
            await straight.fold_dense(connection, [rows_of(readings)], self.chance.choice([0, 1, 100]))
        self.note(readings)

    def span(self) -> Span:
        bounds = [*self.instants, *(hour * HOUR for hour in HOURS), Span().start, Span().end]
        start, end = sorted(self.chance.choices(bounds, k=2))
        return Span(start, end)

    async def delete(self) -> None:
        await self._delete(self.span(), None)

    async def delete_quantity(self) -> None:
        await self._delete(self.span(), self.chance.choice(QUANTITIES))

    async def expire(self) -> None:
        await self._delete(Span(end=self.chance.choice(HOURS) * HOUR), None)

    async def _delete(self, span: Span, quantity: str | None) -> None:
        server = self.chance.choice(self.servers)
        doomed = [
            key
            for key, values in self.expected.items()
            if key[0] == server and span.start <= key[1] < span.end and (quantity is None or quantity in values)
        ]
        assert await delete_readings(self.writer, server, span, quantity) == len(doomed)
        for key in doomed:
            left = {} if quantity is None else {n: v for n, v in self.expected[key].items() if n != quantity}
            if left:
                self.expected[key] = left
            else:
                del self.expected[key]

    async def give_up(self) -> None:
        with pytest.raises(GivenUp):
            await self._fold_and_give_up()

    async def _fold_and_give_up(self) -> None:
        async with self.writer.transaction() as connection:
            await straight.fold(connection, in_key_order(rows_of(self.readings())))
            raise GivenUp


@pytest.fixture(scope="module")
async def writers(database: Database) -> AsyncIterator[list[WriterConnection]]:
    opened = [hot.writer_for(database) for _ in range(AT_ONCE)]
    yield opened
    for writer in opened:
        await writer.close()


@pytest.mark.timeout(1800)
async def test_any_interleaving_of_storage_equals_a_dictionary(
    database: Database, writers: list[WriterConnection], new_user: NewUser
) -> None:
    workspace_id = await workspace_of(database, new_user().username)
    servers = await new_servers(database, workspace_id, 2 * AT_ONCE, ["flow"])

    async def play(place: int) -> None:
        """A quarter of the cases, one after the other on the same two servers, emptied in between."""
        pair = servers[2 * place : 2 * place + 2]
        for seed in range(SEED + place, SEED + CASES, AT_ONCE):
            try:
                await Case(seed, writers[place], pair).play()
            except Exception as error:
                raise AssertionError(f"case of seed {seed}: {error}") from error
            for server in pair:
                await delete_readings(writers[place], server, Span())

    await asyncio.gather(*map(play, range(AT_ONCE)))


@pytest.mark.timeout(1800)
async def test_a_reader_that_counts_while_hours_are_sealed_sees_each_reading_once(
    database: Database, writers: list[WriterConnection], new_user: NewUser
) -> None:
    """Two ingest, one seals as fast as it can, one counts (S1); every count lies between what was known to be stored
    before it began and after it ended, and no key is both hot and sealed but by a late write.
    """
    rounds = 1_000 if LONG else 40
    workspace_id = await workspace_of(database, new_user().username)
    server_ids = await new_servers(database, workspace_id, 2)
    stop = asyncio.Event()
    begun, done, counted = [0, 0], [0, 0], 0

    async def ingest(place: int) -> None:
        """New readings only, for three hours a round, or counting would take longer from round to round."""
        while not stop.is_set():
            if begun[place] > 20 * counted:
                await asyncio.sleep(0.001)
                continue
            ts = FIRST_HOUR * HOUR + 600_000_000 * np.arange(begun[place], begun[place] + 10)
            rows = rows_of([Reading(server_ids[place], int(instant), {"temperature": 1.0}) for instant in ts])
            begun[place] += 10
            async with writers[place].transaction() as connection:
                await hot.store(connection, rows, pack_rows(rows))
            done[place] += 10

    async def seal() -> None:
        while not stop.is_set():
            last = FIRST_HOUR + max(begun) // 6 + 1
            async with writers[2].transaction() as connection:
                # An hour that is filled at this moment, too: late rows of a sealed hour.
                cells = cells_of(
                    [(server, hour) for server in server_ids for hour in range(max(FIRST_HOUR, last - 8), last)]
                )
                await sealed.lock(connection, cells)
                await sealed.fold(connection, cells)

    async def count() -> None:
        nonlocal counted
        for _ in range(rounds):
            counted += 1
            least = sum(done)
            seen = len(await stored(writers[3], server_ids))
            assert least <= seen <= sum(begun)

    work = [asyncio.create_task(step) for step in (ingest(0), ingest(1), seal())]
    try:
        await count()
    finally:
        stop.set()
        await asyncio.gather(*work)
    assert len(await stored(writers[3], server_ids)) == sum(done)
