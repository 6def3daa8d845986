"""Short work in threads: `Database.at_once`."""

import asyncio
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core import direct
from app.core.db import DIRECT_THREADS, Database
from app.core.settings import Settings
from tests.database import database as database
from tests.system import System

Connection = psycopg.AsyncConnection[Any]


async def number(connection: Connection, statement: str) -> int:
    cursor = await connection.execute(statement.encode())
    row = await cursor.fetchone()
    assert row
    return int(row[0])


async def test_it_reads_in_the_readers_role_and_writes_nothing(database: Database) -> None:
    assert await database.at_once(1, lambda c: number(c, "SELECT (current_user = 'sentinela_reader')::int"))
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await database.at_once(1, lambda c: number(c, "CREATE TEMPORARY TABLE t (); SELECT 1"))
    assert await database.at_once(1, lambda c: number(c, "SELECT 1")) == 1, "what failed leaves nothing open"


async def test_statements_stay_prepared_from_one_question_to_the_next(database: Database) -> None:
    for _ in range(4 * DIRECT_THREADS):
        prepared = await database.at_once(1, lambda c: number(c, "SELECT count(*) FROM pg_prepared_statements"))
    assert prepared >= 1


async def test_a_connection_that_was_cut_is_replaced(database: Database) -> None:
    async def own_pid(connection: Connection) -> int:
        return await number(connection, "SELECT pg_backend_pid()")

    for _ in range(DIRECT_THREADS):
        pid = await database.at_once(1, own_pid)
        async with database.engine.connect() as other:
            await other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
    assert await database.at_once(1, own_pid) != pid


async def test_whoever_finds_no_free_thread_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "WAIT_SECONDS", 0.1)
    sleeping = [
        asyncio.create_task(database.at_once(1, lambda c: number(c, "SELECT 1 FROM pg_sleep(1)")))
        for _ in range(DIRECT_THREADS)
    ]
    await asyncio.sleep(0)
    with pytest.raises(PoolTimeout):
        await database.at_once(1, lambda c: number(c, "SELECT 1"))
    assert await asyncio.gather(*sleeping) == [1] * DIRECT_THREADS
    assert await database.at_once(1, lambda c: number(c, "SELECT 1")) == 1


async def test_a_thread_is_taken_until_the_server_has_answered(database: Database) -> None:
    tasks = [
        asyncio.create_task(database.at_once(1, lambda c: number(c, "SELECT 1 FROM pg_sleep(0.5)")))
        for _ in range(DIRECT_THREADS)
    ]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    began = asyncio.get_running_loop().time()
    assert await database.at_once(1, lambda c: number(c, "SELECT 1")) == 1
    assert asyncio.get_running_loop().time() - began > 0.1, "no third connection was opened beside them"


async def test_work_that_waits_for_anything_else_is_a_bug(database: Database) -> None:
    async def wrong(_: Connection) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waited"):
        await database.at_once(1, wrong)


async def test_a_slow_statement_of_a_thread_is_told(system: System) -> None:
    settings = Settings(database_url=system.database_url, redis_url=system.redis_url, slow_query_ms=50)
    watched = Database(settings)
    try:
        with structlog.testing.capture_logs() as logged:
            await watched.at_once(1, lambda c: number(c, "SELECT 1 FROM pg_sleep(0.1)"))
            await asyncio.sleep(0)
    finally:
        await watched.close()
    (line,) = [line for line in logged if line["event"] == "slow_statement"]
    assert line["milliseconds"] >= 100
    assert "pg_sleep" in line["statement"]
