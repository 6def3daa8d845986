"""The identities of the OIDC provider that a person signs in by: connected to their account, and disconnected."""

import hmac

from app.auth import audit, handshakes, proving, queries
from app.auth.errors import ConnectionLost, IdentityTaken, NoSuchIdentity, OtherIdentity
from app.auth.handshakes import Connecting, Proved
from app.auth.id_tokens import Identity
from app.auth.principals import Principal
from app.auth.provider import Provider
from app.auth.schemas.identities import AccountProof, ConnectedIdentity, Disconnect, OwnIdentity
from app.auth.schemas.sessions import Login
from app.auth.tables import ExternalIdentity, User
from app.auth.throttle import Throttle
from app.core.db import Database, WriteSession
from app.core.settings import Settings


async def own(session: WriteSession, settings: Settings, principal: Principal) -> list[OwnIdentity]:
    """Those of the principal, the oldest first."""
    rows = await session.scalars(queries.identities.of_user(principal.person))
    return [
        OwnIdentity(
            issuer=row.issuer,
            subject=row.subject,
            created_at=row.created_at,
            in_use=row.issuer == settings.oidc_issuer,
        )
        for row in rows
    ]


async def start(
    database: Database,
    settings: Settings,
    throttle: Throttle,
    provider: Provider,
    principal: Principal,
    body: AccountProof,
) -> tuple[Connecting, str]:
    """The way there for who proves to be the principal, and the provider's address for it.

    Raises: WrongPassword, CodeRequired, WrongCode, TooManyRequests, ProviderAway.
    """
    user = await _prove(database, settings, throttle, principal, body)
    handshake = Connecting(account=_mark(settings, principal, user))
    return handshake, await provider.authorization_url(**handshake.shown())


def proved(handshake: Connecting, identity: Identity) -> Proved:
    """What the provider's answer is worth: nothing without the session that began, which a Lax cookie cannot show."""
    return Proved(issuer=identity.issuer, subject=identity.subject, account=handshake.account)


async def confirm(
    session: WriteSession, settings: Settings, principal: Principal, sealed: str | None
) -> ConnectedIdentity:
    """Connect the principal's account to the identity that the provider has proved, one at each provider.

    Raises: ConnectionLost, IdentityTaken, OtherIdentity.
    """
    found = handshakes.unseal(settings.signing_key(), sealed or "", Proved)
    # Locked: a change of the password is either seen, or comes after it.
    user = await session.get_one(User, principal.person, with_for_update={"key_share": True})
    if found is None or not hmac.compare_digest(found.account, _mark(settings, principal, user)):
        raise ConnectionLost("Not begun in this session, too old, or the password has changed since: begin again.")
    held = await session.scalar(queries.identities.at(found.issuer, principal.person))
    if held is not None and held.subject != found.subject:
        raise OtherIdentity("Your account is connected to another identity of this provider: disconnect that first.")
    row = held or await bind(session, user, found.issuer, found.subject)
    if held is None:
        await audit.record_person(session, user, "identity.connect", user.user_ulid, after={"issuer": row.issuer})
    return ConnectedIdentity(
        issuer=row.issuer, subject=row.subject, created_at=row.created_at, was_connected=held is not None
    )


async def bind(session: WriteSession, user: User, issuer: str, subject: str) -> ExternalIdentity:
    """Let this identity open the account from now on. Raises: IdentityTaken."""
    row = await session.scalar(queries.identities.insert(issuer, subject, user.user_id))
    if row is None:
        raise IdentityTaken("This identity of the provider opens another account here already.")
    found: ExternalIdentity = row
    return found


async def disconnect(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, body: Disconnect
) -> None:
    """Let the identity open the account no more. The password that proves it opens it still.

    Raises: WrongPassword, CodeRequired, WrongCode, TooManyRequests, NoSuchIdentity.
    """
    await _prove(database, settings, throttle, principal, body)
    async with database.write() as session:
        gone = await session.scalar(queries.identities.delete_own(principal.person, body.issuer, body.subject))
        if gone is None:
            raise NoSuchIdentity("Your account is not connected to this identity.")
        user = await session.get_one(User, principal.person)
        await audit.record_person(session, user, "identity.disconnect", user.user_ulid, before={"issuer": gone})


async def _prove(
    database: Database, settings: Settings, throttle: Throttle, principal: Principal, body: AccountProof
) -> User:
    login = Login(username=principal.name, password=body.password, totp=body.totp)
    return await proving.prove(database, settings, throttle, login)


def _mark(settings: Settings, principal: Principal, user: User) -> str:
    return handshakes.mark(settings.signing_key(), principal.ulid, str(principal.session_ulid), user.password_hash)
