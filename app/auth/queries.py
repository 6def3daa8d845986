"""Statements of the auth domain; each function returns one and does no I/O."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Delete,
    Integer,
    Select,
    Update,
    and_,
    any_,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from app.auth.tables import AuthEpoch, Credential, LoginSession, Membership, RefreshToken, User, Workspace

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


def open_session(session_ulid: str, user_ulid: str) -> Any:
    """The user behind an access token whose session has not ended."""
    return (
        select(User.user_id, User.username, User.administers_installation)
        .join(LoginSession, LoginSession.user_id == User.user_id)
        .where(LoginSession.session_ulid == session_ulid, LoginSession.ended_at.is_(None), User.user_ulid == user_ulid)
    )


def end_session(session_ulid: str) -> Update:
    return update(LoginSession).where(LoginSession.session_ulid == session_ulid).values(ended_at=func.now())


def end_session_of_token(token_hash: bytes) -> Update:
    """A used refresh token came again: whoever holds its successors loses them."""
    session = select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash).scalar_subquery()
    open_one = (LoginSession.session_id == session) & LoginSession.ended_at.is_(None)
    return update(LoginSession).where(open_one).values(ended_at=func.now())


def use_refresh_token(token_hash: bytes) -> Any:
    """Mark the token used; returns its session and user unless it was used, has expired or its session ended."""
    return (
        update(RefreshToken)
        .where(
            RefreshToken.token_hash == token_hash,
            RefreshToken.used_at.is_(None),
            RefreshToken.expires_at > func.now(),
            RefreshToken.session_id == LoginSession.session_id,
            LoginSession.ended_at.is_(None),
            LoginSession.user_id == User.user_id,
        )
        .values(used_at=func.now())
        .returning(LoginSession.session_id, LoginSession.session_ulid, User.user_ulid)
    )


def delete_expired_refresh_tokens(limit: int) -> Delete:
    """At most `limit` tokens that no longer open anything."""
    expired = select(RefreshToken.token_hash).where(RefreshToken.expires_at < func.now()).limit(limit)
    return delete(RefreshToken).where(RefreshToken.token_hash.in_(expired))


def unrevoked(credential_ids: Collection[int]) -> Any:
    """Number, scopes and end of those of these keys that are not revoked."""
    columns = (Credential.credential_id, Credential.scopes, Credential.expires_at)
    known = Credential.credential_id == any_(literal(list(credential_ids), ARRAY(Integer)))
    return select(*columns).where(known, Credential.revoked_at.is_(None))


def epoch() -> Select[int]:
    return select(AuthEpoch.epoch)


def credential_by_hash(key_hash: bytes) -> Any:
    """A key that is neither revoked nor expired, its workspace, and whether its maker runs the installation."""
    administers = func.coalesce(User.administers_installation, false()).label("administers_installation")
    return (
        select(Credential, Workspace.workspace_ulid, administers)
        .join(Workspace, Workspace.workspace_id == Credential.workspace_id)
        .outerjoin(User, User.user_id == Credential.created_by)
        .where(
            Credential.key_hash == key_hash,
            Credential.revoked_at.is_(None),
            or_(Credential.expires_at.is_(None), Credential.expires_at > func.now()),
        )
    )


def note_uses(credential_ids: Collection[int]) -> Update:
    """Set `last_used_at` of those keys that were not noted within the last minute, by whichever process.

    A row that another process holds is passed over: that one notes the use, or revokes the key.
    """
    stale = or_(Credential.last_used_at.is_(None), Credential.last_used_at < func.now() - text("interval '1 minute'"))
    used = select(Credential.credential_id).where(Credential.credential_id.in_(credential_ids), stale)
    free = used.with_for_update(key_share=True, skip_locked=True)
    return update(Credential).where(Credential.credential_id.in_(free)).values(last_used_at=func.now())


def keys(workspace_id: int, server_id: int | None = None) -> Select[Credential]:
    """The server's device keys, or without one the workspace's API keys, oldest first; none that was revoked."""
    return select(Credential).where(_live(workspace_id, server_id)).order_by(Credential.credential_ulid)


def revoke_key(workspace_id: int, server_id: int | None, credential_ulid: str) -> Any:
    return (
        update(Credential)
        .where(_live(workspace_id, server_id), Credential.credential_ulid == credential_ulid)
        .values(revoked_at=func.now())
        .returning(Credential.credential_id)
    )


def end_keys(workspace_id: int, server_id: int, moment: datetime) -> Update:
    """The server's keys are valid until then; one that ends before does not live longer for it."""
    sooner = func.least(Credential.expires_at, moment)
    return update(Credential).where(_live(workspace_id, server_id)).values(expires_at=sooner)


def _live(workspace_id: int, server_id: int | None) -> ColumnElement[bool]:
    # SQLAlchemy turns `== None` into IS NULL.
    of_server = Credential.server_id == server_id
    return and_(Credential.workspace_id == workspace_id, of_server, Credential.revoked_at.is_(None))
