"""Readings that are older than they are kept go (S6); statistics that drifted are found and mended (S8)."""

import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from app.core.copy import WriterConnection
from app.core.db import Database
from app.readings import hot, retention, straight, verifying
from app.readings.packing import pack_rows
from app.readings.rows import Rows
from app.readings.segments import HOUR, hours_of
from tests.conftest import NewUser
from tests.database import database as database
from tests.readings.storage import new_servers, state_of, stored, workspace_of

DAY = 24 * HOUR


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[WriterConnection]:
    opened = hot.writer_for(database)
    yield opened
    await opened.close()


def now() -> int:
    """When it is asked: the hour may end between the tests' collection and their run."""
    return time.time_ns() // 1000


def made(server_id: int, start: int, count: int = 30) -> Rows:
    return Rows(np.full(count, server_id), start + 1_000_000 * np.arange(count), {"voltage": np.arange(count) / 4})


async def execute(writer: WriterConnection, statement: str, *values: object) -> None:
    async with writer.statement() as connection:
        await connection.execute(statement.encode(), values)


@pytest.mark.parametrize("of_the_workspace", [False, True])
async def test_whole_hours_older_than_they_are_kept_go_hot_and_sealed(
    database: Database, writer: WriterConnection, new_user: NewUser, of_the_workspace: bool
) -> None:
    workspace_id = await workspace_of(database, new_user().username)
    server_id, other = await new_servers(database, workspace_id, 2)
    if of_the_workspace:
        await execute(writer, "UPDATE workspace SET retention_days = 3 WHERE workspace_id = %s", workspace_id)
        # What a server says of itself goes before.
        await execute(writer, "UPDATE server SET retention_days = 100 WHERE server_id = %s", other)
    else:
        await execute(writer, "UPDATE server SET retention_days = 3 WHERE server_id = %s", server_id)
    edge = (now() - 3 * DAY) // HOUR * HOUR
    # Of the hour in which the bound lies everything stays.
    expired, sealed, kept = made(server_id, edge - HOUR), made(server_id, edge - 9 * DAY), made(server_id, edge)
    of_other = made(other, edge - 9 * DAY)
    async with writer.transaction() as connection:
        for rows in (expired, kept):
            await hot.store(connection, rows, pack_rows(rows))
        await straight.fold(connection, sealed)
        await straight.fold(connection, of_other)
    await retention.drop_expired(database)
    assert await stored(writer, [server_id, other]) == state_of([kept, of_other])
    await retention.drop_expired(database)
    assert await stored(writer, [server_id, other]) == state_of([kept, of_other])


async def test_a_sample_finds_a_statistic_that_drifted_and_repairs_it(
    database: Database, writer: WriterConnection, new_user: NewUser
) -> None:
    (server_id,) = await new_servers(database, await workspace_of(database, new_user().username), 1)
    rows = made(server_id, (now() - 9 * DAY) // HOUR * HOUR)
    async with writer.transaction() as connection:
        await straight.fold(connection, rows)
    await execute(writer, "UPDATE segment_column SET max = 99 WHERE server_id = %s", server_id)
    hour = int(hours_of(rows.ts)[0])
    deadline = time.monotonic() + 60
    repaired = 0
    while await highest(writer, server_id, hour) == 99:
        assert time.monotonic() < deadline, "no sample came upon it"
        found = await verifying.verify_sample(database)
        assert 0 < found.segments <= verifying.SAMPLE
        repaired += found.repaired
    assert repaired >= 1
    assert await highest(writer, server_id, hour) == 29 / 4
    assert await stored(writer, [server_id]) == state_of([rows])


async def highest(writer: WriterConnection, server_id: int, hour: int) -> float:
    async with writer.statement() as connection:
        query = "SELECT max FROM segment_column WHERE server_id = %s AND hour = %s"
        row = await (await connection.execute(query, (server_id, hour))).fetchone()
    assert row
    return float(row[0])
