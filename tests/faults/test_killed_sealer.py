"""A worker killed while it seals: nothing is lost or doubled, and the job goes on after the restart (S4)."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest

from app.core.copy import WriterConnection
from app.core.db import Database
from app.core.settings import Settings
from app.readings import hot
from app.readings.packing import pack_rows
from app.readings.rows import Rows
from app.readings.segments import HOUR
from tests.conftest import Server
from tests.faults import processes
from tests.faults.processes import RECOVERY_SECONDS, WORKER
from tests.readings.storage import snapshot, stored
from tests.system import System

ROUNDS = 20 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 1
HOURS, ROWS_AN_HOUR = 40, 1200
FIRST_HOUR = 440_000


@pytest.fixture
async def writer(own: System) -> AsyncIterator[WriterConnection]:
    settings = Settings(database_url=own.database_url, redis_url=own.redis_url, data_dir=own.data_dir)
    database = Database(settings)
    opened = hot.writer_for(database)
    yield opened
    await opened.close()
    await database.close()


async def number_of(writer: WriterConnection, server: Server) -> int:
    async with writer.statement() as connection:
        found = await connection.execute("SELECT server_id FROM server WHERE server_ulid = %s", (server.ulid,))
        row = await found.fetchone()
    assert row
    return int(row[0])


async def sealed_hours(writer: WriterConnection, server_id: int, first_hour: int) -> int:
    async with writer.statement() as connection:
        query = "SELECT count(*) FROM segment WHERE server_id = %s AND hour >= %s"
        row = await (await connection.execute(query, (server_id, first_hour))).fetchone()
    assert row
    return int(row[0])


@pytest.mark.timeout(1800)
async def test_a_sealer_that_is_killed_loses_nothing(
    own: System, admin: httpx.Client, server: Server, writer: WriterConnection
) -> None:
    server_id = await number_of(writer, server)
    expected = {}
    for number in range(ROUNDS):
        first_hour = FIRST_HOUR + number * HOURS
        ts = first_hour * HOUR + HOUR // ROWS_AN_HOUR * np.arange(HOURS * ROWS_AN_HOUR)
        rows = Rows(np.full(len(ts), server_id), ts, {"voltage": ts % 1000 / 8})
        async with writer.transaction() as connection:
            await hot.store(connection, rows, pack_rows(rows))
        expected |= {(server_id, int(t)): {"voltage": float(t % 1000 / 8)} for t in ts}
        job = admin.post("/maintenance/seal").raise_for_status().json()
        some = 1 + secrets.randbelow(HOURS // 2)
        while await sealed_hours(writer, server_id, first_hour) < some:
            await asyncio.sleep(0.005)
        processes.kill_family(processes.get(own, WORKER))
        assert await stored(writer, [server_id]) == expected
        async with asyncio.timeout(RECOVERY_SECONDS):
            while admin.get(f"/jobs/{job['job_id']}").raise_for_status().json()["state"] != "done":
                await asyncio.sleep(0.1)
        async with writer.transaction() as connection:
            hot_rows, segments = await snapshot(connection, [server_id])
        assert hot_rows == {}
        assert segments == expected
