"""Sessions: signing in and out, for programs with tokens and for browsers with a cookie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Delete

from app.auth import audit, proving, queries, tokens
from app.auth.errors import InvalidCredential, NoSuchSession
from app.auth.principals import Principal
from app.auth.schemas.sessions import Login, Tokens
from app.auth.schemas.shown import SessionRead
from app.auth.tables import LoginSession, RefreshToken, User
from app.auth.throttle import Throttle
from app.core import origin
from app.core.clock import now
from app.core.db import Database, WriteSession
from app.core.identifiers import new_ulid
from app.core.settings import Settings

# What browsers call themselves is some 120 characters; a longer one says nothing to its reader.
MAX_AGENT = 200


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser's session as the cookie carries it."""

    secret: str
    user_id: int
    expires_at: datetime


async def login(database: Database, settings: Settings, throttle: Throttle, body: Login, agent: str | None) -> Tokens:
    """Open a program's session. Raises: WrongPassword, CodeRequired, WrongCode, TooManyRequests."""
    user = await proving.prove(database, settings, throttle, body)
    async with database.write() as session:
        opened = await _open(session, settings, user, agent)
        return _issue(session, settings, opened.session_id, opened.session_ulid, user.user_ulid)


async def login_browser(
    database: Database,
    settings: Settings,
    throttle: Throttle,
    body: Login,
    agent: str | None,
    old_secret: str | None,
) -> BrowserSession:
    """Open a browser's session under a fresh secret, in place of the one it held.

    Raises: WrongPassword, CodeRequired, WrongCode, TooManyRequests.
    """
    user = await proving.prove(database, settings, throttle, body)
    old = tokens.secret_hash(old_secret) if old_secret else None
    return await open_browser(database, settings, user, agent, old)


async def open_browser(
    database: Database,
    settings: Settings,
    user: User,
    agent: str | None,
    old: bytes | None,
    issuer: str | None = None,
) -> BrowserSession:
    """Open a session for who has proved to be this user, in place of the browser's old one (its secret's hash).

    `issuer` is the provider that vouches for them, if it was not their password.
    """
    secret = tokens.new_secret("session")
    async with database.write() as session:
        if old:
            await session.execute(queries.sessions.end_session_of_browser(old))
        await _open(session, settings, user, agent, tokens.secret_hash(secret), issuer)
    return BrowserSession(secret, user.user_id, now() + lifetime(settings))


async def _open(
    session: WriteSession,
    settings: Settings,
    user: User,
    agent: str | None,
    token_hash: bytes | None = None,
    issuer: str | None = None,
) -> LoginSession:
    moment = now()
    opened = LoginSession(
        session_ulid=new_ulid(),
        user_id=user.user_id,
        token_hash=token_hash,
        expires_at=moment + lifetime(settings),
        last_used_at=moment,
        address=origin.current().address,
        user_agent=agent[:MAX_AGENT] if agent else None,
    )
    session.add(opened)
    await session.flush()
    facts = {"kind": "browser" if token_hash else "program"} | ({"issuer": issuer} if issuer else {})
    await audit.record_person(session, user, "session.open", opened.session_ulid, after=facts)
    return opened


async def refresh(database: Database, settings: Settings, refresh_token: str) -> Tokens:
    """Swap a refresh token for new tokens; one that was used before ends its session. Raises: InvalidCredential."""
    token_hash = tokens.secret_hash(refresh_token)
    async with database.write() as session:
        row = (await session.execute(queries.sessions.use_refresh_token(token_hash))).one_or_none()
        if row is not None:
            await session.execute(queries.sessions.note_refresh(row.session_id, lifetime(settings)))
            return _issue(session, settings, row.session_id, row.session_ulid, row.user_ulid)
        ended = (await session.execute(queries.sessions.end_session_of_token(token_hash))).one_or_none()
        if ended is not None:
            user = await session.get_one(User, ended.user_id)
            reason = {"reason": "a refresh token was used twice"}
            await audit.record_person(session, user, "session.end", ended.session_ulid, after=reason)
    raise InvalidCredential("This refresh token is not valid, or its session has ended.")


def _issue(session: WriteSession, settings: Settings, session_id: int, session_ulid: str, user_ulid: str) -> Tokens:
    refresh_token = tokens.new_secret("refresh")
    valid = timedelta(minutes=settings.access_token_minutes)
    session.add(
        RefreshToken(
            token_hash=tokens.secret_hash(refresh_token), session_id=session_id, expires_at=now() + lifetime(settings)
        )
    )
    return Tokens(
        access_token=tokens.issue_access_token(settings.signing_key(), user_ulid, session_ulid, valid),
        expires_in=int(valid.total_seconds()),
        refresh_token=refresh_token,
    )


def lifetime(settings: Settings) -> timedelta:
    """How long a session lasts after its last use, or a program's after its last refresh."""
    return timedelta(days=settings.refresh_token_days)


async def logout(session: WriteSession, user_id: int, session_ulid: str) -> None:
    """End the session: its access and refresh tokens, or its cookie, open nothing from now on."""
    await _end(session, user_id, session_ulid=session_ulid)


async def list_sessions(session: WriteSession, principal: Principal) -> list[SessionRead]:
    """The person's open sessions, newest first."""
    rows = await session.scalars(queries.sessions.open_sessions(principal.person))
    return [read(row, principal.session_ulid) for row in rows]


async def end_one(session: WriteSession, principal: Principal, session_ulid: str) -> None:
    """End one of the person's sessions. Raises: NoSuchSession."""
    if not await _end(session, principal.person, session_ulid=session_ulid.upper()):
        raise NoSuchSession("There is no session {session!r} of yours.", session=session_ulid)


async def end_all(session: WriteSession, principal: Principal, others: bool) -> None:
    """End all of the person's sessions, or all but the one that asks."""
    await _end(session, principal.person, but=principal.session_ulid if others else None)


async def _end(
    session: WriteSession, user_id: int, *, session_ulid: str | None = None, but: str | None = None
) -> Sequence[str]:
    statement = queries.sessions.end_sessions_of(user_id, session_ulid=session_ulid, but=but)
    ended: Sequence[str] = (await session.scalars(statement)).all()
    user = await session.get_one(User, user_id)
    for one in ended:
        await audit.record_person(session, user, "session.end", one)
    return ended


def read(row: LoginSession, current: str | None) -> SessionRead:
    """A session as its owner sees it."""
    return SessionRead(
        session_id=row.session_ulid,
        kind="browser" if row.token_hash else "program",
        current=row.session_ulid == current,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        address=row.address,
        user_agent=row.user_agent,
    )


async def purge(database: Database, slice_size: int = 1000) -> int:
    """Delete what opens nothing any more, in slices: tokens, resets, invitations, sessions of a month ago.

    How many rows went.
    """
    kinds = (
        queries.sessions.delete_expired_refresh_tokens,
        queries.sessions.delete_expired_resets,
        queries.sessions.delete_expired_invitations,
        queries.sessions.delete_dead_sessions,
    )
    return sum([await _purge(database, kind(slice_size), slice_size) for kind in kinds])


async def _purge(database: Database, statement: Delete, slice_size: int) -> int:
    deleted = 0
    while True:
        async with database.write() as session:
            result = await session.execute(statement)
        count: int = result.rowcount  # type: ignore[attr-defined]
        deleted += count
        if count < slice_size:
            return deleted
