"""Passwords: changing one's own, and choosing a new one when it is forgotten."""

from datetime import timedelta

from app.auth import audit, links, proving, queries, tokens
from app.auth.errors import InvalidCredential, NoMail, NoSuchUser
from app.auth.passwords import hash_password
from app.auth.principals import Principal
from app.auth.schemas.sessions import PasswordChange, ResetConfirm, ResetCreated
from app.auth.tables import PasswordReset, User
from app.auth.throttle import Throttle
from app.core import mail
from app.core.clock import format_instant, now
from app.core.db import Database, WriteSession
from app.core.settings import Settings

LIFETIME = timedelta(hours=1)


async def change(database: Database, throttle: Throttle, principal: Principal, body: PasswordChange) -> None:
    """Change the principal's own password; their other sessions end. Raises: WrongPassword, TooManyRequests."""
    await proving.prove_password(database, throttle, principal.name, body.old_password)
    password_hash = await hash_password(body.new_password)
    async with database.write() as session:
        user = await session.get_one(User, principal.person)
        await _set(session, user, password_hash, but=principal.session_ulid)


async def create(session: WriteSession, settings: Settings, user: User) -> ResetCreated:
    """Make a link that lets this user choose a new password; it takes the place of earlier ones."""
    token, expires_at = tokens.new_secret("reset"), now() + LIFETIME
    await session.execute(queries.people.forget_password_resets(user.user_id))
    session.add(PasswordReset(token_hash=tokens.secret_hash(token), user_id=user.user_id, expires_at=expires_at))
    link = links.link(settings, "reset", token)
    return ResetCreated(username=user.username, token=token, link=link, expires_at=expires_at)


async def create_for(session: WriteSession, settings: Settings, principal: Principal, username: str) -> ResetCreated:
    """The same by an administrator of the installation, for whom they like. Raises: NoSuchUser."""
    user = await session.scalar(queries.people.user_by_name(username))
    if user is None:
        raise NoSuchUser("There is no user {user!r} on this installation.", user=username)
    audit.record(session, principal, "password.reset", user.user_ulid)
    return await create(session, settings, user)


async def check(settings: Settings, throttle: Throttle, username: str) -> None:
    """Whether a link may be asked for by mail. Raises: NoMail, TooManyRequests."""
    if not (mail.is_configured(settings) and settings.public_url):
        raise NoMail("This installation sends no mail: ask its administrator for `sentinela users reset`.")
    await throttle.attempt(f"reset {username}")


async def mail_link(database: Database, settings: Settings, username: str) -> None:
    """Mail a reset to the user of this name, if there is one with an address; nobody learns whether there is."""
    async with database.write() as session:
        user = await session.scalar(queries.people.user_by_name(username))
        if user is None or user.email is None:
            return
        made = await create(session, settings, user)
        await audit.record_person(session, user, "password.ask", user.user_ulid)
    text = links.reset_text(username=username, link=made.link, expires=format_instant(made.expires_at))
    await mail.send(settings, user.email, links.RESET_SUBJECT, text)


async def confirm(database: Database, body: ResetConfirm) -> None:
    """Set the new password; every session of the user ends. Raises: InvalidCredential."""
    token_hash = tokens.secret_hash(body.token)
    # Looked at first, so that whoever has no link makes nobody hash; used afterwards, so that no lock waits for that.
    async with database.write() as session:
        _require(await session.scalar(queries.people.password_reset(token_hash)))
    password_hash = await hash_password(body.new_password)
    async with database.write() as session:
        user_id = _require(await session.scalar(queries.people.use_password_reset(token_hash)))
        await _set(session, await session.get_one(User, user_id), password_hash)


def _require(user_id: int | None) -> int:
    if user_id is None:
        raise InvalidCredential("This link is not valid, has expired or was used; ask for a new one.")
    return user_id


async def _set(session: WriteSession, user: User, password_hash: str, but: str | None = None) -> None:
    user.password_hash = password_hash
    await session.execute(queries.people.forget_password_resets(user.user_id))
    await session.execute(queries.sessions.end_sessions_of(user.user_id, but=but))
    await audit.record_person(session, user, "password.change", user.user_ulid)
