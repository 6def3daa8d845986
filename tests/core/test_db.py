"""Roles and workspaces of transactions, on the real schema."""

import httpx
import psycopg
import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import ProgrammingError

from app.auth.tables import Workspace
from app.core import metrics
from app.core.db import UNAVAILABLE, Database
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


# When the platform itself was up: no workspace's, so every workspace sees it.
OF_THE_PLATFORM = {"platform_beat", "platform_outage"}


async def tables_of(database: Database) -> dict[str, bool]:
    """The tables that the reader may look into at all, and whether row-level security is on."""
    query = text("""
        SELECT relname, relrowsecurity FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
          AND has_any_column_privilege('sentinela_reader', oid, 'SELECT')
    """)
    async with database.write() as session:
        return {row.relname: row.relrowsecurity for row in await session.execute(query)}


async def test_every_table_that_the_reader_sees_is_guarded(database: Database) -> None:
    tables = await tables_of(database)
    assert {"server", "credential", "membership", "user_account", "invitation", "audit_log"} <= tables.keys()
    assert [name for name, guarded in tables.items() if not guarded] == []


async def test_with_the_workspace_unset_no_table_shows_a_row(
    database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    user = new_user()
    new_server(user)
    client.post("/keys", json={"name": "a"}, headers=user.headers).raise_for_status()
    (own,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    path = f"/workspaces/{own['workspace_ulid']}/invitations"
    client.post(path, json={}, headers=user.headers).raise_for_status()
    for table in (await tables_of(database)).keys() - OF_THE_PLATFORM:
        statement = text(f"SELECT count(*) FROM {table}")
        async with database.read(workspace_id=0) as session:
            assert await session.scalar(statement) == 0, table
        async with database.read(workspace_id=0) as session:
            await session.execute(text("SELECT set_config('sentinela.workspace', '', true)"))
            assert await session.scalar(statement) == 0, table
        if table in ("server", "credential", "membership", "user_account", "invitation", "audit_log"):
            async with database.write() as session:
                assert await session.scalar(statement), f"{table} holds something to hide"


async def test_the_reader_sees_its_fellows_and_nobody_else(
    database: Database, client: httpx.Client, new_user: NewUser
) -> None:
    mine, theirs = new_user(), new_user()
    (own,) = client.get("/auth/me", headers=mine.headers).json()["workspaces"]
    async with database.write() as session:
        found = select(Workspace.workspace_id).where(Workspace.workspace_ulid == own["workspace_ulid"])
        workspace = (await session.scalars(found)).one()
    async with database.read(workspace) as session:
        seen = set(await session.scalars(text("SELECT username FROM user_account")))
    assert seen == {mine.username}
    assert theirs.username not in seen


async def test_the_reader_cannot_write(database: Database) -> None:
    async with database.read(workspace_id=1) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("DELETE FROM reading"))


async def test_the_reader_cannot_see_password_hashes(database: Database) -> None:
    async with database.read(workspace_id=1) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("SELECT password_hash FROM user_account"))


async def test_the_reader_cannot_see_secrets_of_channels(database: Database) -> None:
    async with database.read(workspace_id=1) as session:
        await session.execute(text("SELECT name, target FROM channel"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("SELECT secret FROM channel"))


async def test_a_failed_block_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="halfway"):
        await _write_and_fail(database)
    async with database.write() as session:
        assert await session.scalar(text("SELECT count(*) FROM server_history WHERE server_id = -1")) == 0


async def _write_and_fail(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("INSERT INTO server_history VALUES (-1, 1)"))
        raise RuntimeError("halfway")


async def test_a_statement_may_take_what_its_role_is_given(database: Database) -> None:
    limits = {}
    async with database.read(1) as session:
        limits["read"] = await session.scalar(text("SHOW statement_timeout"))
    async with database.write() as session:
        limits["write"] = await session.scalar(text("SHOW statement_timeout"))
    async with database.snapshot(1) as connection:
        row = await (await connection.execute("SHOW statement_timeout")).fetchone()
        limits["snapshot"] = row[0] if row else None
    # Back in the pool the connection has its own limit again.
    async with database.engine.connect() as connection:
        limits["pool"] = await connection.scalar(text("SHOW statement_timeout"))
    assert limits == {"read": "1min", "write": "30s", "snapshot": "1min", "pool": "1min"}


def in_use() -> float:
    found: float = metrics.CONNECTIONS.labels("in_use")._value.get()
    return found


async def test_connections_that_cannot_be_made_are_not_in_use(database: Database) -> None:
    async with database.engine.connect() as connection:
        before = in_use()
        await connection.invalidate()

    def refuse(*_: object) -> None:
        raise psycopg.OperationalError("the server is away")

    event.listen(database.engine.sync_engine, "do_connect", refuse)
    try:
        for _ in range(3):
            with pytest.raises(UNAVAILABLE):
                await database.engine.connect()
    finally:
        event.remove(database.engine.sync_engine, "do_connect", refuse)
    async with database.engine.connect():
        assert in_use() == before
