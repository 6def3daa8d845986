"""The record of who did what: written with the change, and never changed."""

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.auth import audit
from app.auth.principals import Principal
from app.auth.tables import AuditEntry, Workspace
from app.core import origin
from app.core.db import Database
from tests.conftest import NewServer, NewUser
from tests.database import database as database


@pytest.fixture
async def principal(database: Database, client: httpx.Client, new_user: NewUser) -> Principal:
    """Somebody with a workspace of their own."""
    user = new_user()
    (own,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    async with database.write() as session:
        found = select(Workspace.workspace_id).where(Workspace.workspace_ulid == own["workspace_ulid"])
        workspace_id = (await session.scalars(found)).one()
    return Principal(workspace_id, frozenset(), session_ulid="S", ulid=user.id, name=user.username)


async def entries(database: Database, workspace_id: int) -> list[AuditEntry]:
    """What the workspace's record says of servers."""
    said = select(AuditEntry).where(AuditEntry.action.like("server.%")).order_by(AuditEntry.audit_ulid)
    async with database.read(workspace_id) as session:
        return list(await session.scalars(said))


async def test_a_record_says_who_did_what_and_from_where(database: Database, principal: Principal) -> None:
    origin.enter("request-1", "192.0.2.7")
    async with database.write(principal.workspace_id) as session:
        audit.record(session, principal, "server.change", "S1", {"server_name": "a"}, {"server_name": "b"})
    (entry,) = await entries(database, principal.workspace_id)
    assert (entry.actor_kind, entry.actor_ulid, entry.actor_name) == ("user", principal.ulid, principal.name)
    assert (entry.action, entry.target) == ("server.change", "S1")
    assert (entry.before, entry.after) == ({"server_name": "a"}, {"server_name": "b"})
    assert (entry.address, entry.request_id) == ("192.0.2.7", "request-1")


async def test_a_record_vanishes_with_its_change(database: Database, principal: Principal) -> None:
    with pytest.raises(RuntimeError, match="halfway"):
        await record_and_fail(database, principal)
    assert await entries(database, principal.workspace_id) == []


async def record_and_fail(database: Database, principal: Principal) -> None:
    async with database.write(principal.workspace_id) as session:
        audit.record(session, principal, "server.create", "S1")
        await session.flush()
        raise RuntimeError("halfway")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_nobody_rewrites_the_record(database: Database, statement: str) -> None:
    async with database.write() as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(statement))


async def test_another_workspace_does_not_see_it(database: Database, principal: Principal, new_user: NewUser) -> None:
    async with database.write(principal.workspace_id) as session:
        audit.record(session, principal, "server.create", "S1")
    assert len(await entries(database, principal.workspace_id)) == 1
    assert await entries(database, principal.workspace_id + 1) == []
    assert await entries(database, 0) == []


async def test_servers_record_what_is_done_to_them(
    database: Database, client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    user = new_user()
    server = new_server(user)
    path, headers = f"/servers/{server.ulid}", {**user.headers, "X-Request-ID": "rename-1"}
    client.patch(path, json={"tags": {"site": "Lisboa"}, "retention_days": None}, headers=headers).raise_for_status()
    client.patch(path, json={"tags": {"site": "Lisboa"}}, headers=headers).raise_for_status()
    async with database.write() as session:
        found = await session.scalars(select(AuditEntry).where(AuditEntry.target == server.ulid))
        made, changed = sorted(found, key=lambda entry: entry.audit_ulid)
    assert (made.action, changed.action) == ("server.create", "server.change"), "what changes nothing leaves no record"
    assert (changed.before, changed.after) == ({"tags": {}}, {"tags": {"site": "Lisboa"}})
    assert (changed.actor_name, changed.address, changed.request_id) == (user.username, "127.0.0.1", "rename-1")
