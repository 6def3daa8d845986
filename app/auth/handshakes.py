"""What is under way at the provider, as the browser keeps it: in a cookie that we sign."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import ClassVar, TypeVar

import jwt

from app.core.clock import now

ALGORITHM = "HS256"
RANDOM_BYTES = 32


def _random() -> str:
    return secrets.token_urlsafe(RANDOM_BYTES)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What only the browser that began may show."""

    # Nobody takes one kind for another, nor any for an access token.
    AUDIENCE: ClassVar[str]
    LIFETIME: ClassVar[timedelta]

    def seal(self, key: str) -> str:
        """The cookie's value."""
        claims = {**asdict(self), "aud": self.AUDIENCE, "exp": now() + self.LIFETIME}
        return jwt.encode(claims, key, ALGORITHM)


@dataclass(frozen=True, kw_only=True)
class Handshake(Sealed):
    """Somebody on their way to the provider and back, who sees `state`, `nonce` and the challenge."""

    # Time for a password, a second factor and a consent at the provider.
    LIFETIME = timedelta(minutes=10)

    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)

    def shown(self) -> dict[str, str]:
        """What the provider's address carries; the challenge is PKCE's S256 (RFC 7636): BASE64URL(SHA256(verifier))."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"state": self.state, "nonce": self.nonce, "challenge": challenge}


@dataclass(frozen=True, kw_only=True)
class SignIn(Handshake):
    """It ends with a session."""

    AUDIENCE = "sentinela-oidc"

    to: str
    """The page to go to afterwards, within `/ui`."""
    invitation: str | None = None
    old_session: str | None = None
    """The hash (hex) of the browser's session so far: its cookie does not come back with the provider's answer."""


@dataclass(frozen=True, kw_only=True)
class Connecting(Handshake):
    """It ends with an identity that somebody's account may be connected to."""

    AUDIENCE = "sentinela-oidc-connecting"

    account: str
    """See `mark`."""


@dataclass(frozen=True, kw_only=True)
class Proved(Sealed):
    """The identity that the provider has vouched for, until the person's own session takes it."""

    AUDIENCE = "sentinela-oidc-proved"
    # The page takes it at once.
    LIFETIME = timedelta(minutes=2)

    issuer: str
    subject: str
    account: str


Kind = TypeVar("Kind", bound=Sealed)


def unseal(key: str, value: str, kind: type[Kind]) -> Kind | None:
    """What `seal` sealed; None for another kind, and for anything that this key did not sign or that is too old."""
    try:
        claims = jwt.decode(value, key, [ALGORITHM], audience=kind.AUDIENCE, options={"require": ["aud", "exp"]})
    except jwt.InvalidTokenError:
        return None
    del claims["aud"], claims["exp"]
    return kind(**claims)


def mark(key: str, user_ulid: str, session_ulid: str, password_hash: str) -> str:
    """What an account is connected under: another one, another session or another password has another mark."""
    content = "\n".join(("connecting", user_ulid, session_ulid, password_hash))
    return hmac.digest(key.encode(), content.encode(), "sha256").hex()
