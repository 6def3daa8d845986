"""Statements of people and workspaces."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Select, and_, delete, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.auth.tables import Credential, Invitation, Membership, PasswordReset, User, Workspace

# Serialises registrations (rare, and hashed before), so that exactly one person is the first.
LOCK_REGISTRATION = text("SELECT pg_advisory_xact_lock(7305808869231650145)")


def insert_user(user_ulid: str, username: str, email: str | None, password_hash: str) -> Any:
    """The first user of all administers the installation; a taken name inserts nothing."""
    values = {
        "user_ulid": user_ulid,
        "username": username,
        "email": email,
        "password_hash": password_hash,
        "administers_installation": ~select(User.user_id).exists(),
    }
    statement = insert(User).values(values).on_conflict_do_nothing(index_elements=["username"])
    return statement.returning(User.user_id)


def user_by_name(username: str) -> Select[User]:
    return select(User).where(User.username == username)


def users(*, after: str | None = None, limit: int | None = None) -> Select[User]:
    """Everybody, by name."""
    statement = select(User).order_by(User.username).limit(limit)
    return statement if after is None else statement.where(User.username > after)


def workspace(workspace_id: int) -> Select[Workspace]:
    return select(Workspace).where(Workspace.workspace_id == workspace_id)


def workspaces_of(user_id: int) -> Select[Workspace, str]:
    """In the order of joining; the first is the default."""
    return (
        select(Workspace, Membership.role)
        .join(Membership, Membership.workspace_id == Workspace.workspace_id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.joined_at, Membership.workspace_id)
    )


def administrators() -> Select[int]:
    """Who runs the installation, the oldest first."""
    return select(User.user_id).where(User.administers_installation).order_by(User.user_id)


def lock_workspace(workspace_id: int) -> Select[int]:
    """Serialises changes of who belongs to it, so that two last administrators cannot both leave."""
    return select(Workspace.workspace_id).where(Workspace.workspace_id == workspace_id).with_for_update()


def members(workspace_id: int, *, after: tuple[datetime, int] | None, limit: int) -> Any:
    """Members in the order of joining: number, identifier, name, role, and when they joined.

    `after` is when somebody joined, and their number.
    """
    columns = (User.user_id, User.user_ulid, User.username, Membership.role, Membership.joined_at)
    statement = (
        select(*columns)
        .join(User, User.user_id == Membership.user_id)
        .where(Membership.workspace_id == workspace_id)
        .order_by(Membership.joined_at, Membership.user_id)
        .limit(limit)
    )
    if after is not None:
        # A cursor's number may be larger than any user's.
        place = tuple_(literal(after[0], DateTime(timezone=True)), literal(after[1], BigInteger))
        statement = statement.where(tuple_(Membership.joined_at, Membership.user_id) > place)
    return statement


def member(workspace_id: int, user_ulid: str) -> Any:
    """The membership of one person, and the person."""
    return (
        select(Membership, User)
        .join(User, User.user_id == Membership.user_id)
        .where(Membership.workspace_id == workspace_id, User.user_ulid == user_ulid)
    )


def other_members(workspace_id: int, user_id: int) -> Any:
    """How many others there are, and how many of them are administrators."""
    admins = func.count().filter(Membership.role == "admin").label("admins")
    others = and_(Membership.workspace_id == workspace_id, Membership.user_id != user_id)
    return select(func.count().label("members"), admins).select_from(Membership).where(others)


def invitations(workspace_id: int, *, after: str | None, limit: int) -> Select[Invitation]:
    """Those that can still be used, oldest first."""
    statement = select(Invitation).where(Invitation.workspace_id == workspace_id, Invitation.expires_at > func.now())
    if after is not None:
        statement = statement.where(Invitation.invitation_ulid > after)
    return statement.order_by(Invitation.invitation_ulid).limit(limit)


def invitation(token_hash: bytes) -> Any:
    """One that can still be used, and its workspace; whoever uses it holds it until the transaction's end."""
    return (
        select(Invitation, Workspace)
        .join(Workspace, Workspace.workspace_id == Invitation.workspace_id)
        .where(Invitation.token_hash == token_hash, Invitation.expires_at > func.now())
        .with_for_update(of=Invitation)
    )


def withdraw_invitation(workspace_id: int, invitation_ulid: str) -> Any:
    mine = and_(Invitation.workspace_id == workspace_id, Invitation.invitation_ulid == invitation_ulid)
    return delete(Invitation).where(mine).returning(Invitation.role)


def password_reset(token_hash: bytes) -> Select[int]:
    """The user of a reset that can still be used."""
    return select(PasswordReset.user_id).where(_usable(token_hash))


def use_password_reset(token_hash: bytes) -> Any:
    """Delete the reset; returns its user unless it has expired."""
    return delete(PasswordReset).where(_usable(token_hash)).returning(PasswordReset.user_id)


def _usable(token_hash: bytes) -> ColumnElement[bool]:
    return and_(PasswordReset.token_hash == token_hash, PasswordReset.expires_at > func.now())


def forget_password_resets(user_id: int) -> Any:
    return delete(PasswordReset).where(PasswordReset.user_id == user_id)


def keys_made_by(user_id: int) -> Select[Credential]:
    return select(Credential).where(Credential.created_by == user_id).order_by(Credential.credential_ulid)


def forget_in_audit_log(user_ulid: str) -> Select[int]:
    """Take the person's name and address out of the record; what was done stays."""
    return select(func.forget_person_in_audit_log(user_ulid))
