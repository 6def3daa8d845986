"""Signing in by the OIDC provider: from the button to the session."""

import hmac
import secrets

import structlog
from pydantic import TypeAdapter, ValidationError

from app.auth import accounts, handshakes, identities, queries, sessions, tokens
from app.auth.errors import IdentityTaken, NoUsername, ProviderRefused, RegistrationClosed, SignInLost, UsernameTaken
from app.auth.handshakes import Connecting, Handshake, SignIn
from app.auth.id_tokens import Identity
from app.auth.provider import Provider
from app.auth.schemas.oidc import Begin
from app.auth.schemas.people import Register, Username
from app.auth.sessions import BrowserSession
from app.auth.tables import User
from app.auth.throttle import Throttle
from app.core.db import Database
from app.core.settings import Settings

_USERNAME: TypeAdapter[str] = TypeAdapter(Username)
log = structlog.get_logger()


async def start(provider: Provider, body: Begin, old_secret: str | None) -> tuple[SignIn, str]:
    """A sign-in under way, and the provider's address for it. Raises: ProviderAway."""
    old = tokens.secret_hash(old_secret).hex() if old_secret else None
    handshake = SignIn(to=body.to, invitation=body.invitation, old_session=old)
    return handshake, await provider.authorization_url(**handshake.shown())


def recognise(settings: Settings, sealed: str | None, state: str | None) -> SignIn | Connecting:
    """What this browser began and the provider answers. Raises: SignInLost."""
    key, sealed = settings.signing_key(), sealed or ""
    handshake = handshakes.unseal(key, sealed, SignIn) or handshakes.unseal(key, sealed, Connecting)
    if handshake is None or not state or not hmac.compare_digest(state.encode(), handshake.state.encode()):
        raise SignInLost("This sign-in was not begun in this browser, or took longer than ten minutes.")
    return handshake


async def identify(
    provider: Provider, throttle: Throttle, handshake: Handshake, code: str | None, issuer: str | None
) -> Identity:
    """Who has signed in there. Wrong answers are counted by address, and ten of one sign-in are enough.

    Raises: TooManyRequests, ProviderAway, ProviderRefused, IdentityUnproved.
    """
    counted = f"oidc\n{handshake.state}"
    await throttle.attempt(counted)
    await provider.check_issuer(issuer)
    if not code:
        raise ProviderRefused("The provider did not let you in.")
    identity = await provider.identify(code=code, verifier=handshake.verifier, nonce=handshake.nonce)
    await throttle.succeeded(counted)
    return identity


async def enter(
    database: Database, settings: Settings, identity: Identity, handshake: SignIn, agent: str | None
) -> tuple[BrowserSession, bool]:
    """Open a browser's session for this identity, and whether its account is new.

    Raises: RegistrationClosed, UsernameTaken, NoUsername, NoSuchInvitation.
    """
    user, is_new = await _known(database, identity), False
    if user is None:
        user, is_new = await _register(database, settings, identity, handshake.invitation)
    old = bytes.fromhex(handshake.old_session) if handshake.old_session else None
    opened = await sessions.open_browser(database, settings, user, agent, old, issuer=identity.issuer)
    return opened, is_new


async def _known(database: Database, identity: Identity) -> User | None:
    async with database.write() as session:
        user: User | None = await session.scalar(queries.identities.user_of(identity.issuer, identity.subject))
        return user


async def _register(
    database: Database, settings: Settings, identity: Identity, invitation: str | None
) -> tuple[User, bool]:
    if settings.registration == "off" or (settings.registration == "invite" and invitation is None):
        raise RegistrationClosed("You have no account on this installation yet, and it takes nobody in unasked.")
    body = _registration(identity, invitation)
    try:
        async with database.write() as session:
            await accounts.register(database, session, body)
            user: User = (await session.scalars(queries.people.user_by_name(body.username))).one()
            await identities.bind(session, user, identity.issuer, identity.subject)
            return user, True
    except (UsernameTaken, IdentityTaken):
        # Somebody was faster: of two first sign-ins side by side the second finds the account that the first has made.
        if (known := await _known(database, identity)) is not None:
            return known, False
        raise


def _registration(identity: Identity, invitation: str | None) -> Register:
    """With a password that nobody knows: whoever wants one asks for a link to choose it."""
    password = secrets.token_urlsafe(handshakes.RANDOM_BYTES)
    username = _username(identity)
    try:
        return Register(username=username, password=password, email=identity.email, invitation=invitation)
    except ValidationError:
        # An address that is none of ours.
        return Register(username=username, password=password, invitation=invitation)


def _username(identity: Identity) -> str:
    """What the provider calls them, in the form that names have here. Raises: NoUsername."""
    for name in (identity.username, identity.email, identity.subject):
        try:
            return _USERNAME.validate_python(name)
        except ValidationError:
            continue
    raise NoUsername("The provider tells no name for you that an account can have.")
