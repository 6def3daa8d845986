"""What `./sentinela up` needs before anybody has registered: an administrator, and a key for the commands."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.auth import accounts, keys, queries
from app.auth.principals import Principal
from app.auth.schemas.keys import KeyCreate
from app.auth.schemas.people import Register
from app.core.db import Database
from app.core.settings import Settings

KEY_NAME = "command line"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FirstRun:
    """Shown once: who administers the installation, and the key of its commands."""

    username: str
    password: str
    key: str


def create_admin(settings: Settings) -> FirstRun | None:
    """Create `admin` and a key, unless any user exists."""
    return _with_database(settings, _create_admin)


def new_admin_key(settings: Settings) -> str | None:
    """Another key of the installation's administrator, for a data folder that lost its own; None without one."""
    return _with_database(settings, _new_admin_key)


async def _create_admin(database: Database) -> FirstRun | None:
    async with database.write() as session:
        if (await session.scalars(queries.people.users(limit=1))).first() is not None:
            return None
        body = Register(username="admin", password=secrets.token_urlsafe(12))
        account = await accounts.create_account(session, body)
        admin = Principal(account.workspace_id, frozenset({"admin"}), user_id=account.user_id)
        key = await keys.create_key(session, admin, KeyCreate(name=KEY_NAME, scopes=["admin"]))
        return FirstRun(body.username, body.password, key.key)


async def _new_admin_key(database: Database) -> str | None:
    async with database.write() as session:
        for user_id in (await session.scalars(queries.people.administrators())).all():
            workspace, _ = (await session.execute(queries.people.workspaces_of(user_id))).first() or (None, "")
            if workspace is not None:
                admin = Principal(workspace.workspace_id, frozenset({"admin"}), user_id=user_id)
                return (await keys.create_key(session, admin, KeyCreate(name=KEY_NAME, scopes=["admin"]))).key
    return None


def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(settings)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
