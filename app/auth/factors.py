"""The second step of a sign-in: turned on with a first code, off with a code or by an administrator."""

from app.auth import audit, otp, proving, queries, sessions
from app.auth.errors import BelongsElsewhere, FactorIsOff, FactorIsOn, NoSuchMember, NoSuchUser, WrongCode
from app.auth.principals import Principal
from app.auth.schemas.factors import BothProofs, Enrolment, FactorRead, RecoveryCodes
from app.auth.schemas.sessions import Login
from app.auth.tables import SecondFactor, User
from app.auth.throttle import Throttle
from app.core.clock import now
from app.core.db import Database, WriteSession
from app.core.settings import Settings

IS_OFF = "Signing in takes no code of this account."


async def read(session: WriteSession, principal: Principal) -> FactorRead:
    """Whether the principal signs in with a code."""
    factor = await session.get(SecondFactor, principal.person)
    since = factor.confirmed_at if factor else None
    left = await session.scalar(queries.factors.count_recovery_codes(principal.person))
    return FactorRead(enabled=since is not None, confirmed_at=since, recovery_codes_left=left or 0)


async def enrol(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, password: str
) -> Enrolment:
    """A fresh secret, in place of one that was not confirmed. Raises: WrongPassword, TooManyRequests, FactorIsOn."""
    await proving.prove_password(database, throttle, principal.name, password)
    salt = otp.new_salt()
    async with database.write() as session:
        if await session.scalar(queries.factors.enrol(principal.person, salt)) is None:
            raise FactorIsOn("Signing in takes a code already: turn that off first.")
        await _record_own(session, principal, "totp.enrol")
    secret = otp.secret_of(settings.signing_key(), principal.ulid, salt)
    uri = otp.uri(secret, principal.name)
    return Enrolment(secret=secret, uri=uri, qr_svg=otp.qr_svg(uri))


async def confirm(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, code: str
) -> RecoveryCodes:
    """Turn it on with a first code; the person's other sessions, which were opened without one, end.

    Raises: FactorIsOff when nothing was begun; FactorIsOn; WrongCode; TooManyRequests.
    """
    counted = proving.code_account(principal.name)
    await throttle.attempt(counted, wider=proving.CODES_FROM_EVERYWHERE)
    async with database.write() as session:
        await _confirm(session, settings, principal, otp.typed(code))
        await sessions.end_all(session, principal, others=True)
        await _record_own(session, principal, "totp.enable")
        codes = await _new_codes(session, principal.person)
    await throttle.succeeded(counted)
    return codes


async def _confirm(session: WriteSession, settings: Settings, principal: Principal, entered: str) -> None:
    factor = await session.get(SecondFactor, principal.person)
    if factor is None:
        raise FactorIsOff("Nothing to confirm: begin with POST /auth/totp.")
    step = otp.step_of(otp.secret_of(settings.signing_key(), principal.ulid, factor.salt), entered, now())
    if step is None:
        raise WrongCode("This code is wrong, has expired or was used; wait for the next one.")
    if await session.scalar(queries.factors.confirm(principal.person, factor.salt, step)) is None:
        raise FactorIsOn("Signing in takes a code already: turn that off first.")


async def renew_codes(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, body: BothProofs
) -> RecoveryCodes:
    """Recovery codes in place of the old ones. Raises: WrongPassword, WrongCode, TooManyRequests, FactorIsOff."""
    await _prove_both(database, settings, throttle, principal, body)
    async with database.write() as session:
        await _record_own(session, principal, "totp.renew_codes")
        return await _new_codes(session, principal.person)


async def disable(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, body: BothProofs
) -> None:
    """Let the password do again. Raises: WrongPassword, WrongCode, TooManyRequests, FactorIsOff."""
    await _prove_both(database, settings, throttle, principal, body)
    async with database.write() as session:
        if await session.scalar(queries.factors.turn_off(principal.person)):
            await _record_own(session, principal, "totp.disable")


async def reset_member(session: WriteSession, principal: Principal, user_ulid: str) -> None:
    """Turn it off for a member who has lost the device, and sign them out everywhere.

    An administrator of a workspace decides about people whom nobody else relies on: not about those who share
    workspaces that the principal does not administer, nor about those who administer the installation.
    Raises: NoSuchMember, BelongsElsewhere, FactorIsOff.
    """
    row = (await session.execute(queries.people.member(principal.workspace_id, user_ulid.upper()))).one_or_none()
    if row is None:
        raise NoSuchMember("There is no member {user!r} in this workspace.", user=user_ulid)
    elsewhere = await session.scalar(queries.factors.shared_elsewhere(row.User.user_id, principal.person))
    if not principal.administers_installation and (elsewhere or row.User.administers_installation):
        raise BelongsElsewhere("This person also belongs elsewhere: ask an administrator of the installation.")
    await _reset(session, principal, row.User)


async def reset_user(session: WriteSession, principal: Principal, username: str) -> None:
    """The same by an administrator of the installation, for anyone. Raises: NoSuchUser, FactorIsOff."""
    user = await session.scalar(queries.people.user_by_name(username))
    if user is None:
        raise NoSuchUser("There is no user {user!r} on this installation.", user=username)
    await _reset(session, principal, user)


async def _reset(session: WriteSession, principal: Principal, user: User) -> None:
    if not await session.scalar(queries.factors.turn_off(user.user_id)):
        raise FactorIsOff(IS_OFF)
    await session.execute(queries.sessions.end_sessions_of(user.user_id))
    audit.record(session, principal, "totp.reset", user.user_ulid)


async def _prove_both(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, body: BothProofs
) -> None:
    async with database.write() as session:
        if not (await read(session, principal)).enabled:
            raise FactorIsOff(IS_OFF)
    login = Login(username=principal.name, password=body.password, totp=body.totp)
    await proving.prove(database, settings, throttle, login)


async def _new_codes(session: WriteSession, user_id: int) -> RecoveryCodes:
    codes = otp.new_recovery_codes()
    await session.execute(queries.factors.forget_recovery_codes(user_id))
    await session.execute(queries.factors.keep_recovery_codes(user_id, map(otp.recovery_hash, codes)))
    return RecoveryCodes(recovery_codes=codes)


async def _record_own(session: WriteSession, principal: Principal, action: str) -> None:
    user = await session.get_one(User, principal.person)
    await audit.record_person(session, user, action, user.user_ulid)
