"""Hours leave the hot table for segments: nothing is lost, nothing counted twice, late rows are folded in."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import numpy as np
import pytest

from app.core.copy import WriterConnection
from app.core.db import Database
from app.readings import hot, sealed, sealing
from app.readings import segment_queries as queries
from app.readings.cells import cells_of
from app.readings.packing import pack_rows
from app.readings.rows import Rows
from app.readings.segments import HOUR, hours_of
from tests.conftest import NewUser
from tests.database import database as database
from tests.readings.storage import new_servers, snapshot, state_of, stored, workspace_of

LAG = timedelta(hours=2)
NOW = time.time_ns() // 1000
LONG_AGO = (NOW // HOUR - 24) * HOUR


@pytest.fixture(scope="module")
async def workspace_id(database: Database, new_user: NewUser) -> int:
    return await workspace_of(database, new_user().username)


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[WriterConnection]:
    opened = hot.writer_for(database)
    yield opened
    await opened.close()


def made(server_id: int, start: int, count: int, step: int = 1_000_000, **values: float) -> Rows:
    names = values or {"temperature": 20.0, "humidity": 50.0}
    ts = start + step * np.arange(count)
    return Rows(np.full(count, server_id), ts, {name: base + np.arange(count) / 8 for name, base in names.items()})


async def store(writer: WriterConnection, rows: Rows) -> None:
    async with writer.transaction() as connection:
        await hot.store(connection, rows, pack_rows(rows))


async def seal(database: Database) -> sealing.Sealed:
    """A run of the sealer; the system's own may be at it."""
    while (done := await sealing.seal(database, LAG)) is None:
        time.sleep(0.05)
    return done


async def test_hours_that_have_passed_are_sealed_and_younger_ones_stay(
    database: Database, workspace_id: int, writer: WriterConnection
) -> None:
    server_id, other = await new_servers(database, workspace_id, 2, ["flow"])
    old = made(server_id, LONG_AGO, 3 * 3600, temperature=20.0, flow=3.0)
    young = made(other, NOW - 60_000_000, 60)
    await store(writer, old)
    await store(writer, young)
    assert (await seal(database)).failed == []
    async with writer.transaction() as connection:
        hot_rows, segments = await snapshot(connection, [server_id, other])
    assert hot_rows == state_of([young])
    assert segments == state_of([old])


async def test_late_rows_of_a_sealed_hour_are_folded_in(
    database: Database, workspace_id: int, writer: WriterConnection
) -> None:
    (server_id,) = await new_servers(database, workspace_id, 1)
    await store(writer, made(server_id, LONG_AGO, 100, temperature=20.0))
    await seal(database)
    late = made(server_id, LONG_AGO + 50_000_000, 100, temperature=90.0, voltage=1.0)
    await store(writer, late)
    before = await stored(writer, [server_id])
    assert len(before) == 150
    assert before[server_id, LONG_AGO + 50_000_000] == {"temperature": 90.0, "voltage": 1.0}
    await seal(database)
    assert await stored(writer, [server_id]) == before
    async with writer.transaction() as connection:
        assert (await snapshot(connection, [server_id]))[0] == {}


async def test_what_comes_late_to_an_hour_that_a_run_has_passed_waits_for_the_next_one(
    database: Database, workspace_id: int, writer: WriterConnection
) -> None:
    (server_id,) = await new_servers(database, workspace_id, 1)
    await store(writer, made(server_id, LONG_AGO - 48 * HOUR, 10))
    await store(writer, made(server_id, LONG_AGO, 10))
    trickle = iter(range(1, 1_000))

    async def one_more(_: float) -> None:
        await store(writer, made(server_id, LONG_AGO - 48 * HOUR + next(trickle), 1))

    while await sealing.seal(database, LAG, report=one_more) is None:
        await asyncio.sleep(0.05)
    came = next(trickle) - 1
    assert came < 100, "the run had an end"
    async with writer.transaction() as connection:
        hot_rows, segments = await snapshot(connection, [server_id])
    assert len(hot_rows) + len(segments) == 20 + came
    assert 1 <= len(hot_rows) <= came
    await seal(database)
    async with writer.transaction() as connection:
        assert (await snapshot(connection, [server_id]))[0] == {}


async def test_sealing_again_changes_nothing(database: Database, workspace_id: int, writer: WriterConnection) -> None:
    (server_id,) = await new_servers(database, workspace_id, 1)
    rows = made(server_id, LONG_AGO, 10)
    await store(writer, rows)
    await seal(database)
    await store(writer, rows)
    async with writer.transaction() as connection:
        cells = cells_of([(server_id, int(hours_of(rows.ts)[0]))])
        await sealed.lock(connection, cells)
        folded = await sealed.fold(connection, cells)
    assert (folded.hot, folded.segments) == (10, 0)
    assert await stored(writer, [server_id]) == state_of([rows])


async def test_statistics_stand_beside_the_values(
    database: Database, workspace_id: int, writer: WriterConnection
) -> None:
    (server_id,) = await new_servers(database, workspace_id, 1)
    await store(writer, made(server_id, LONG_AGO, 5, voltage=1.0))
    await seal(database)
    async with writer.transaction() as connection:
        found = await connection.execute(
            "SELECT quantity_id, count, sum, m2, min, max, first, last FROM segment_column WHERE server_id = %s",
            (server_id,),
        )
        assert await found.fetchall() == [(3, 5, 6.25, 0.15625, 1.0, 1.5, 1.0, 1.5)]


async def test_an_hour_of_more_rows_than_a_slice_is_sealed_in_several(
    database: Database, workspace_id: int, writer: WriterConnection
) -> None:
    (server_id,) = await new_servers(database, workspace_id, 1)
    rows = made(server_id, LONG_AGO, 2 * sealing.SLICE_ROWS + 10, step=1000)
    # The system's own sealer keeps away.
    other = WriterConnection(database)
    async with other.statement() as connection:
        await connection.execute(queries.TRY_LOCK_SEALER.replace("pg_try_", "pg_"))
    await store(writer, rows)
    cells = cells_of([(server_id, int(hours_of(rows.ts)[0]))])
    async with writer.transaction() as connection:
        await sealed.lock(connection, cells)
        assert (await sealed.fold(connection, cells, most=100)).hot == 100
    assert await stored(writer, [server_id]) == state_of([rows])
    done = await sealing.seal_slice(writer, cells)
    assert (done.readings, done.segments) == (len(rows) - 100, 2)
    async with writer.transaction() as connection:
        hot_rows, segments = await snapshot(connection, [server_id])
    assert (hot_rows, segments) == ({}, state_of([rows]))
    await other.close()


async def test_a_row_that_cannot_be_sealed_stays_and_the_others_go_on(
    database: Database, workspace_id: int, writer: WriterConnection
) -> None:
    """A quantity that nobody registered has no number; its row must not be lost, nor hold up later days."""
    odd, other = await new_servers(database, workspace_id, 2)
    unknown = made(odd, LONG_AGO - 48 * HOUR, 10, step=1000, never_registered=1.0)
    later = made(odd, LONG_AGO, 10)
    await store(writer, unknown)
    await store(writer, later)
    await store(writer, made(other, LONG_AGO, 10))
    assert (odd, int(hours_of(unknown.ts)[0])) in (await seal(database)).failed
    async with writer.transaction() as connection:
        hot_rows, segments = await snapshot(connection, [odd, other])
        assert hot_rows == state_of([unknown])
        assert len(segments) == 20
        await connection.execute("DELETE FROM reading WHERE server_id = %s", (odd,))
