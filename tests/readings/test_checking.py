"""Acknowledged readings are looked for again: found as rows and in segments, missed when they are lost."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.core import clock, metrics
from app.core.db import Database
from app.readings import deleting, hot, sealed
from app.readings.cells import cells_of
from app.readings.checking import Checks
from app.readings.packing import pack_rows
from app.readings.rows import Reading, rows_of
from app.readings.segments import HOUR
from tests.conftest import NewUser
from tests.database import database as database
from tests.readings.storage import new_servers, workspace_of


class Watched:
    """A server that sends, and the checks that have begun to look at it."""

    def __init__(self, database: Database, server_id: int) -> None:
        self.checks = Checks(database, seal_lag_seconds=-sum((3600, 900)))
        self.writer = hot.writer_for(database)
        self.server_id = server_id
        # Older than what counts as young, so that its hour may be sealed; younger than history.
        self.at = clock.to_microseconds(clock.now() - timedelta(minutes=4))

    async def send(self) -> Reading:
        """Store a reading and acknowledge it."""
        self.at += 1
        reading = Reading(self.server_id, self.at, {"temperature": 21.5})
        await hot.insert(self.writer, pack_rows(rows_of([reading])))
        self.checks.note([reading])
        return reading

    async def look(self) -> dict[str, float]:
        """What a look counts, by outcome."""
        before = counted()
        await self.checks.look()
        return {outcome: count - before[outcome] for outcome, count in counted().items() if count != before[outcome]}


def counted() -> dict[str, float]:
    return {outcome: metrics.ACKNOWLEDGED.labels(outcome)._value.get() for outcome in ("stored", "missing", "changed")}


@pytest.fixture
async def watched(database: Database, new_user: NewUser) -> AsyncIterator[Watched]:
    (server_id,) = await new_servers(database, await workspace_of(database, new_user().username), 1)
    found = Watched(database, server_id)
    await found.send()
    assert await found.look() == {}, "the first reading only says who sends"
    yield found
    await found.writer.close()


async def lose(watched: Watched, reading: Reading) -> None:
    """Behind everybody's back."""
    async with watched.writer.transaction() as connection:
        await connection.execute(
            "DELETE FROM reading WHERE server_id = %s AND ts = %s",
            (reading.server_id, clock.from_microseconds(reading.ts)),
        )


async def seal(watched: Watched, reading: Reading) -> None:
    cells = cells_of([(reading.server_id, reading.ts // HOUR)])
    async with watched.writer.transaction() as connection:
        await sealed.lock(connection, cells)
        await sealed.fold(connection, cells)


async def test_a_stored_reading_is_found_as_a_row_and_again_in_its_segment(watched: Watched) -> None:
    reading = await watched.send()
    assert await watched.look() == {"stored": 1}
    await seal(watched, reading)
    assert await watched.look() == {"stored": 1}
    assert await watched.look() == {}, "twice is enough"


async def test_a_lost_reading_is_missed(watched: Watched) -> None:
    await lose(watched, await watched.send())
    assert await watched.look() == {"missing": 1}


async def test_a_reading_that_sealing_lost_is_missed(watched: Watched) -> None:
    reading = await watched.send()
    assert await watched.look() == {"stored": 1}
    await lose(watched, reading)
    await seal(watched, reading)
    assert await watched.look() == {"missing": 1}


async def test_a_deleted_reading_is_not_missed(watched: Watched) -> None:
    reading = await watched.send()
    span = deleting.Span(reading.ts, reading.ts + 1)
    assert await deleting.delete_readings(watched.writer, reading.server_id, span) == 1
    assert await watched.look() == {"changed": 1}


async def test_a_reading_of_a_deleted_server_is_not_missed(watched: Watched) -> None:
    await lose(watched, await watched.send())
    async with watched.writer.transaction() as connection:
        await connection.execute("DELETE FROM server WHERE server_id = %s", (watched.server_id,))
    assert await watched.look() == {"changed": 1}
