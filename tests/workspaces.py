"""Numbers of workspaces, for tests that work inside the database."""

import httpx
from sqlalchemy import select

from app.auth.tables import Workspace
from app.core.db import Database
from tests.conftest import User


async def workspace_of(database: Database, client: httpx.Client, user: User) -> int:
    """The number of the user's first workspace."""
    (own, *_) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    async with database.write() as session:
        found = select(Workspace.workspace_id).where(Workspace.workspace_ulid == own["workspace_ulid"])
        return int((await session.scalars(found)).one())
