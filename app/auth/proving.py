"""Who signs in proves it: by password, and by a code where they have turned that on."""

import asyncio

import structlog

from app.auth import audit, otp, queries
from app.auth.errors import CodeRequired, WrongCode, WrongPassword
from app.auth.passwords import verify_password
from app.auth.schemas.sessions import Login
from app.auth.tables import SecondFactor, User
from app.auth.throttle import Throttle
from app.core.clock import now
from app.core.db import UNAVAILABLE, Database, WriteSession
from app.core.settings import Settings

# Six digits are guessed from many addresses as well as from one; whoever knows the password has nothing more to try.
CODES_FROM_EVERYWHERE = 1
# Refusals are recorded beside their answers, whose time would tell whether there is such a user. As many at once as
# passwords are hashed in the time of a commit: a few.
_noting: set[asyncio.Task[None]] = set()

log = structlog.get_logger()


async def prove(database: Database, settings: Settings, throttle: Throttle, body: Login) -> User:
    """The user of this name, password and, where they have turned it on, code.

    Raises: WrongPassword, CodeRequired, WrongCode, TooManyRequests.
    """
    user = await prove_password(database, throttle, body.username, body.password)
    async with database.write() as session:
        factor = await session.get(SecondFactor, user.user_id)
    if factor is None or factor.confirmed_at is None:
        return user
    if not body.totp:
        raise CodeRequired("Send the code of your authenticator, or a recovery code, as totp.")
    await prove_code(database, settings, throttle, user, body.totp)
    return user


async def prove_password(database: Database, throttle: Throttle, username: str, password: str) -> User:
    """The user of this name and password.

    Raises: WrongPassword, after the same work whether or not there is such a user; TooManyRequests.
    """
    await throttle.attempt(username)
    # No connection is held while the hash is computed: a burst of logins must not drain the pool.
    async with database.write() as session:
        user = await session.scalar(queries.people.user_by_name(username))
    if await verify_password(user.password_hash if user else None, password) and user is not None:
        await throttle.succeeded(username)
        return user
    if user is not None:
        task = asyncio.create_task(_note_refusal(database, user))
        _noting.add(task)
        task.add_done_callback(_noting.discard)
    raise WrongPassword("Wrong username or password.")


async def _note_refusal(database: Database, user: User) -> None:
    try:
        async with database.write() as session:
            await audit.record_person(session, user, "session.refuse", user.user_ulid)
    except UNAVAILABLE as error:
        log.warning("refusal_not_recorded", user_id=user.user_id, error=str(error))


async def prove_code(database: Database, settings: Settings, throttle: Throttle, user: User, code: str) -> None:
    """Take a code, which serves once. Raises: WrongCode, TooManyRequests."""
    entered, counted = otp.typed(code), code_account(user.username)
    # Recovery codes are beyond guessing: with one the owner gets in whoever else is trying.
    is_guessable = otp.is_from_authenticator(entered)
    if is_guessable:
        await throttle.attempt(counted, wider=CODES_FROM_EVERYWHERE)
    async with database.write() as session:
        taken = await _take(session, settings, user, entered)
        if not taken:
            await audit.record_person(session, user, "session.refuse", user.user_ulid, after={"reason": "wrong code"})
    if not taken:
        raise WrongCode("This code is wrong, has expired or was used; wait for the next one.")
    if is_guessable:
        await throttle.succeeded(counted)


def code_account(username: str) -> str:
    """What the throttle counts a person's codes under; no name has a line end, so nobody's passwords count there."""
    return f"code\n{username}"


async def _take(session: WriteSession, settings: Settings, user: User, entered: str) -> bool:
    if not otp.is_from_authenticator(entered):
        return await _take_recovery_code(session, user, entered)
    factor = await session.get(SecondFactor, user.user_id)
    if factor is None:
        return False
    step = otp.step_of(otp.secret_of(settings.signing_key(), user.user_ulid, factor.salt), entered, now())
    if step is None:
        return False
    return await session.scalar(queries.factors.use_step(user.user_id, factor.salt, step)) is not None


async def _take_recovery_code(session: WriteSession, user: User, entered: str) -> bool:
    code_hash = otp.recovery_hash(entered)
    if await session.scalar(queries.factors.use_recovery_code(user.user_id, code_hash)) is None:
        return False
    left = await session.scalar(queries.factors.count_recovery_codes(user.user_id))
    await audit.record_person(session, user, "totp.recover", user.user_ulid, after={"recovery_codes_left": left})
    return True
