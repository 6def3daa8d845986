"""Roles and workspaces of transactions, on the real schema."""

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from app.core.db import Database
from app.readings.tables import HotReading
from app.servers.tables import Server
from tests.conftest import NewServer, NewUser
from tests.database import database as database


async def test_without_a_workspace_the_reader_sees_nothing(
    database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    server = new_server(new_user())
    body = {"server_ulid": server.ulid, "temperature": 1.5}
    assert client.post("/data", json=body, headers=server.headers).status_code == 201
    async with database.read(workspace_id=0) as session:
        for table in (Server, HotReading):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_the_reader_sees_its_own_workspace_only(
    database: Database, new_user: NewUser, new_server: NewServer
) -> None:
    mine, theirs = new_server(new_user()), new_server(new_user())
    async with database.write() as session:
        workspace = await session.scalar(select(Server.workspace_id).where(Server.server_ulid == mine.ulid))
    async with database.read(workspace or 0) as session:
        seen = set(await session.scalars(select(Server.server_ulid)))
    assert mine.ulid in seen
    assert theirs.ulid not in seen


async def test_the_reader_cannot_write(database: Database) -> None:
    async with database.read(workspace_id=1) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("DELETE FROM reading"))


async def test_the_reader_cannot_see_password_hashes(database: Database) -> None:
    async with database.read(workspace_id=1) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("SELECT password_hash FROM user_account"))


async def test_a_failed_block_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="halfway"):
        await _write_and_fail(database)
    async with database.write() as session:
        assert await session.scalar(text("SELECT count(*) FROM server_history WHERE server_id = -1")) == 0


async def _write_and_fail(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("INSERT INTO server_history VALUES (-1, 1)"))
        raise RuntimeError("halfway")
