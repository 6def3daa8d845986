"""Accounts: a person, and the workspace that comes with them."""

from dataclasses import dataclass

from app.auth import queries
from app.auth.errors import UsernameTaken
from app.auth.passwords import hash_password
from app.auth.schemas import Me, Register, Registered, UserRow, WorkspaceOfUser
from app.auth.tables import Membership, User, Workspace
from app.core.db import WriteSession
from app.core.identifiers import new_ulid


@dataclass(frozen=True, slots=True)
class Account:
    """A fresh user and the workspace that came with it."""

    user_id: int
    user_ulid: str
    workspace_id: int


async def register(session: WriteSession, body: Register) -> Registered:
    """Create a user with a workspace of its own. Raises: UsernameTaken."""
    account = await create_account(session, body)
    return Registered(id=account.user_ulid, username=body.username)


async def create_account(session: WriteSession, body: Register) -> Account:
    password_hash = await hash_password(body.password)
    user_ulid = new_ulid()
    await session.execute(queries.people.LOCK_REGISTRATION)
    user_id = await session.scalar(queries.people.insert_user(user_ulid, body.username, body.email, password_hash))
    if user_id is None:
        raise UsernameTaken("The username {username!r} is taken.", username=body.username)
    workspace = Workspace(workspace_ulid=new_ulid(), name=body.username)
    session.add(workspace)
    await session.flush()
    session.add(Membership(workspace_id=workspace.workspace_id, user_id=user_id, role="admin"))
    return Account(user_id, user_ulid, workspace.workspace_id)


async def me(session: WriteSession, user_id: int) -> Me:
    """The user and the workspaces they belong to."""
    user = await session.get_one(User, user_id)
    rows = await session.execute(queries.people.workspaces_of(user_id))
    workspaces = [
        WorkspaceOfUser(workspace_ulid=workspace.workspace_ulid, name=workspace.name, role=role)
        for workspace, role in rows
    ]
    return Me(id=user.user_ulid, username=user.username, email=user.email, workspaces=workspaces)


async def users(session: WriteSession) -> list[UserRow]:
    """Everybody on this installation, by name."""
    return [
        UserRow(id=user.user_ulid, username=user.username, email=user.email, created_at=user.created_at)
        for user in await session.scalars(queries.people.all_users())
    ]
