"""What has served its time is deleted, and nothing else."""

from datetime import timedelta

import httpx
from sqlalchemy import func, select, text, update

from app.auth import audit, sessions
from app.auth.tables import AuditEntry, Invitation, LoginSession, RefreshToken
from app.core.clock import now
from app.core.db import Database
from app.core.settings import Settings
from tests.conftest import NewUser
from tests.database import database as database
from tests.system import System

AGED = text("""
    INSERT INTO audit_log (workspace_id, audit_ulid, at, actor_kind, actor_ulid, action, target, request_id)
    VALUES (:workspace, :ulid, now() - make_interval(days => :days), 'system', 'AGED', 'test', :target, '')
""")


async def test_the_record_is_kept_as_long_as_the_setting_says(
    system: System, database: Database, new_user: NewUser
) -> None:
    user = new_user()
    async with database.write() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.actor_ulid == user.id).limit(1))).one()
        for days in (1, 29, 31, 400):
            aged = {"workspace": entry.workspace_id, "ulid": f"{user.id}-{days}", "days": days, "target": user.id}
            await session.execute(AGED, aged)

    async def ages() -> list[int]:
        query = select(AuditEntry.at).where(AuditEntry.actor_ulid == "AGED", AuditEntry.target == user.id)
        async with database.write() as session:
            return sorted((now() - at).days for at in await session.scalars(query))

    settings = Settings(database_url=system.database_url, data_dir=system.data_dir, audit_retention_days=0)
    assert await audit.purge(database, settings) == 0
    assert await ages() == [1, 29, 31, 400]
    keep_a_month = settings.model_copy(update={"audit_retention_days": 30})
    assert await audit.purge(database, keep_a_month, slice_size=1) >= 2
    assert await ages() == [1, 29]


async def test_invitations_that_ran_out_go_with_their_address(
    database: Database, client: httpx.Client, new_user: NewUser
) -> None:
    host = new_user()
    (own,) = client.get("/auth/me", headers=host.headers).json()["workspaces"]
    path = f"/workspaces/{own['workspace_ulid']}/invitations"
    made = [client.post(path, json={}, headers=host.headers).raise_for_status().json() for _ in range(2)]
    mine = [row["invitation_id"] for row in made]
    async with database.write() as session:
        aged = update(Invitation).where(Invitation.invitation_ulid == mine[0])
        await session.execute(aged.values(expires_at=now() - timedelta(seconds=1)))
    await sessions.purge(database, slice_size=1)
    async with database.write() as session:
        left = select(Invitation.invitation_ulid).where(Invitation.invitation_ulid.in_(mine))
        assert (await session.scalars(left)).all() == mine[1:]


async def test_dead_sessions_go_after_a_month_and_their_tokens_at_once(
    database: Database, client: httpx.Client, new_user: NewUser
) -> None:
    user = new_user()
    for _ in range(3):
        body = {"username": user.username, "password": user.password}
        client.post("/auth/login", json=body).raise_for_status()
    mine = select(LoginSession).join_from(LoginSession, RefreshToken).order_by(LoginSession.session_id)
    owner = text("login_session.user_id = (SELECT user_id FROM user_account WHERE username = :name)")
    async with database.write() as session:
        first, second, third, _ = (await session.scalars(mine.where(owner), {"name": user.username})).all()
        first.ended_at = now() - timedelta(days=31)
        second.ended_at = now() - timedelta(days=29)
        third.expires_at = now() - timedelta(days=31)
        late = select(RefreshToken).where(RefreshToken.session_id == second.session_id)
        (await session.scalars(late)).one().expires_at = now() - timedelta(seconds=1)
    await sessions.purge(database, slice_size=1)
    async with database.write() as session:
        count = select(func.count()).select_from(LoginSession).where(owner)
        assert await session.scalar(count, {"name": user.username}) == 2
        assert (await session.scalars(late)).all() == []
    assert client.post("/auth/login", json={"username": user.username, "password": user.password}).status_code == 200
