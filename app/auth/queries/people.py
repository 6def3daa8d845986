"""Statements of people and workspaces."""

from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert

from app.auth.tables import Membership, User, Workspace

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


def all_users() -> Select[User]:
    return select(User).order_by(User.username)


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
