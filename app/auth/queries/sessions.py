"""Statements of sessions and their tokens."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, and_, delete, func, or_, select, text, update

from app.auth.tables import Invitation, LoginSession, PasswordReset, RefreshToken, User

# `last_used_at` is true to the minute; a write a request would cost more than the request.
_STALE = text("login_session.last_used_at < now() - interval '1 minute'")


def _open() -> ColumnElement[bool]:
    """Neither ended nor run out; one from before sessions had an end runs out with its refresh tokens."""
    lasts = or_(LoginSession.expires_at.is_(None), LoginSession.expires_at > func.now())
    return and_(LoginSession.ended_at.is_(None), lasts)


def open_session(session_ulid: str, user_ulid: str) -> Any:
    """The user behind an access token whose session is open."""
    return _users_of_sessions().where(
        LoginSession.session_ulid == session_ulid, User.user_ulid == user_ulid, LoginSession.token_hash.is_(None)
    )


def browser_session(token_hash: bytes) -> Any:
    """The user behind a browser's cookie whose session is open."""
    return _users_of_sessions().where(LoginSession.token_hash == token_hash)


def _users_of_sessions() -> Any:
    columns = (User.user_id, User.user_ulid, User.username, User.administers_installation)
    return (
        select(*columns, LoginSession.session_id, LoginSession.session_ulid)
        .join(LoginSession, LoginSession.user_id == User.user_id)
        .where(_open())
    )


def prolong(token_hash: bytes, lifetime: timedelta) -> Update:
    """A browser's session lasts so long after its last use; written once a minute at the most."""
    used = and_(LoginSession.token_hash == token_hash, _STALE)
    return update(LoginSession).where(used).values(last_used_at=func.now(), expires_at=func.now() + lifetime)


def note_refresh(session_id: int, lifetime: timedelta) -> Update:
    used = LoginSession.session_id == session_id
    return update(LoginSession).where(used).values(last_used_at=func.now(), expires_at=func.now() + lifetime)


def open_sessions(user_id: int) -> Select[LoginSession]:
    """The user's open sessions, newest first."""
    mine = select(LoginSession).where(LoginSession.user_id == user_id, _open())
    return mine.order_by(LoginSession.session_ulid.desc())


def end_session_of_browser(token_hash: bytes) -> Update:
    return update(LoginSession).where(LoginSession.token_hash == token_hash, _open()).values(ended_at=func.now())


def end_sessions_of(user_id: int, *, session_ulid: str | None = None, but: str | None = None) -> Any:
    """End the user's sessions: the named one, or all but one, or all; returns the ended ones' identifiers."""
    mine = [LoginSession.user_id == user_id, _open()]
    if session_ulid is not None:
        mine.append(LoginSession.session_ulid == session_ulid)
    if but is not None:
        mine.append(LoginSession.session_ulid != but)
    return update(LoginSession).where(*mine).values(ended_at=func.now()).returning(LoginSession.session_ulid)


def end_session_of_token(token_hash: bytes) -> Any:
    """A used refresh token came again: whoever holds its successors loses them. Returns the ended session's user."""
    session = select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash).scalar_subquery()
    open_one = and_(LoginSession.session_id == session, LoginSession.ended_at.is_(None))
    ended = update(LoginSession).where(open_one).values(ended_at=func.now())
    return ended.returning(LoginSession.user_id, LoginSession.session_ulid)


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


def delete_dead_sessions(limit: int) -> Delete:
    """At most `limit` sessions that ended or ran out a month ago, with what is left of their tokens."""
    over = func.coalesce(LoginSession.ended_at, LoginSession.expires_at)
    dead = select(LoginSession.session_id).where(over < func.now() - text("interval '30 days'")).limit(limit)
    return delete(LoginSession).where(LoginSession.session_id.in_(dead))


def delete_expired_resets(limit: int) -> Delete:
    """At most `limit` resets of passwords that nobody used in time."""
    expired = select(PasswordReset.token_hash).where(PasswordReset.expires_at < func.now()).limit(limit)
    return delete(PasswordReset).where(PasswordReset.token_hash.in_(expired))


def delete_expired_invitations(limit: int) -> Delete:
    """At most `limit` invitations that nobody used in time: an address is kept no longer than it is needed."""
    expired = select(Invitation.token_hash).where(Invitation.expires_at < func.now()).limit(limit)
    return delete(Invitation).where(Invitation.token_hash.in_(expired))


def delete_expired_refresh_tokens(limit: int) -> Delete:
    """At most `limit` tokens that no longer open anything."""
    expired = select(RefreshToken.token_hash).where(RefreshToken.expires_at < func.now()).limit(limit)
    return delete(RefreshToken).where(RefreshToken.token_hash.in_(expired))
