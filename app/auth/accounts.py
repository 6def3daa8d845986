"""Accounts: a person, what is known of them, and how they leave."""

from dataclasses import dataclass

from app.auth import audit, invitations, members, queries, sessions, workspaces
from app.auth.errors import LastAdmin, UsernameTaken
from app.auth.keys import facts as key_facts
from app.auth.passwords import hash_password
from app.auth.principals import Principal
from app.auth.schemas.keys import KeyFacts
from app.auth.schemas.people import (
    AccountExport,
    AccountFacts,
    IdentityRead,
    Me,
    MePatch,
    Register,
    Registered,
    UserRow,
)
from app.auth.schemas.workspaces import WorkspaceOfUser
from app.auth.tables import SecondFactor, User
from app.core.db import Database, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page


@dataclass(frozen=True, slots=True)
class Account:
    """A fresh user and the workspace that came with it."""

    user_id: int
    user_ulid: str
    workspace_id: int


async def register(database: Database, session: WriteSession, body: Register) -> Registered:
    """Create a user with a workspace of their own, or in that of an invitation.

    Raises: UsernameTaken, NoSuchInvitation.
    """
    if body.invitation is None:
        account = await create_account(session, body)
        return Registered(id=account.user_ulid, username=body.username)
    # In a transaction of its own, before a password is hashed: whoever was not invited costs nothing.
    await invitations.show(database, body.invitation)
    user = await _insert_user(session, body)
    await invitations.accept(session, user, body.invitation)
    await audit.record_person(session, user, "user.register", user.user_ulid)
    return Registered(id=user.user_ulid, username=user.username)


async def create_account(session: WriteSession, body: Register) -> Account:
    """A user with a workspace of their own. Raises: UsernameTaken."""
    user = await _insert_user(session, body)
    workspace = await workspaces.found(session, user, body.username)
    await audit.record_person(session, user, "user.register", user.user_ulid)
    return Account(user.user_id, user.user_ulid, workspace.workspace_id)


async def _insert_user(session: WriteSession, body: Register) -> User:
    password_hash = await hash_password(body.password)
    await session.execute(queries.people.LOCK_REGISTRATION)
    statement = queries.people.insert_user(new_ulid(), body.username, body.email, password_hash)
    user_id = await session.scalar(statement)
    if user_id is None:
        raise UsernameTaken("The username {username!r} is taken.", username=body.username)
    return await session.get_one(User, user_id)


async def me(session: WriteSession, user_id: int) -> Me:
    """The user and the workspaces they belong to."""
    user = await session.get_one(User, user_id)
    belongs = await _workspaces(session, user_id)
    return Me(id=user.user_ulid, username=user.username, email=user.email, workspaces=belongs)


async def patch(session: WriteSession, principal: Principal, body: MePatch) -> Me:
    """Change what was sent of the principal's own account."""
    user = await session.get_one(User, principal.person)
    if "email" in body.model_fields_set and user.email != body.email:
        user.email = body.email
        # The address itself is not recorded: the record outlives the account.
        await audit.record_person(session, user, "user.change", user.user_ulid, after={"email": "changed"})
    return await me(session, principal.person)


async def users(session: WriteSession, asked: Asked) -> Page[UserRow]:
    """Everybody on this installation, by name."""
    key = asked.key(str)
    rows = (await session.scalars(queries.people.users(after=key and key[0], limit=asked.fetch))).all()
    return asked.cut(rows, lambda row: (row.username,)).map(_read)


async def export(session: WriteSession, principal: Principal) -> AccountExport:
    """All that is known of the principal: LGPD art. 18, GDPR art. 15 and 20."""
    user = await session.get_one(User, principal.person)
    keys = await session.scalars(queries.people.keys_made_by(user.user_id))
    entries = await session.scalars(queries.records.entries_of_person(user.user_ulid))
    factor = await session.get(SecondFactor, user.user_id)
    identities = await session.scalars(queries.identities.of_user(user.user_id))
    await audit.record_person(session, user, "user.export", user.user_ulid)
    return AccountExport(
        account=AccountFacts(
            **_read(user).model_dump(),
            administers_installation=user.administers_installation,
            totp_since=factor.confirmed_at if factor else None,
        ),
        identities=[
            IdentityRead(issuer=row.issuer, subject=row.subject, created_at=row.created_at) for row in identities
        ],
        workspaces=await _workspaces(session, user.user_id),
        sessions=await sessions.list_sessions(session, principal),
        keys=[KeyFacts.model_validate(key_facts(row)) for row in keys],
        audit=[audit.read(row) for row in entries],
    )


async def erase(session: WriteSession, principal: Principal) -> list[int]:
    """Delete the principal's account; returns the workspaces in which nobody is left, for the caller to delete.

    What they did stays recorded under their identifier, without name and address. Raises: LastAdmin.
    """
    user = await session.get_one(User, principal.person)
    await session.execute(queries.people.LOCK_REGISTRATION)
    if list(await session.scalars(queries.people.administrators())) == [user.user_id]:
        raise LastAdmin("You are the last administrator of this installation: its accounts would have none.")
    abandoned = await members.leave_everything(session, user)
    await audit.record_person(session, user, "user.delete", user.user_ulid)
    await session.flush()
    await session.execute(queries.people.forget_in_audit_log(user.user_ulid))
    await session.delete(user)
    await session.flush()
    return abandoned


async def _workspaces(session: WriteSession, user_id: int) -> list[WorkspaceOfUser]:
    rows = await session.execute(queries.people.workspaces_of(user_id))
    return [
        WorkspaceOfUser(workspace_ulid=workspace.workspace_ulid, name=workspace.name, role=role)
        for workspace, role in rows
    ]


def _read(user: User) -> UserRow:
    return UserRow(id=user.user_ulid, username=user.username, email=user.email, created_at=user.created_at)
