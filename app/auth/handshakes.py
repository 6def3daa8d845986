"""A sign-in that is under way at the provider, as the browser keeps it: in a cookie that we sign."""

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from datetime import timedelta

import jwt

from app.core.clock import now

# Time for a password, a second factor and a consent at the provider.
LIFETIME = timedelta(minutes=10)
# Nobody takes such a cookie for an access token, nor the other way round.
AUDIENCE = "sentinela-oidc"
ALGORITHM = "HS256"
RANDOM_BYTES = 32


def _random() -> str:
    return secrets.token_urlsafe(RANDOM_BYTES)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What only the browser that began may show. The provider sees `state`, `nonce` and the challenge."""

    to: str
    """The page to go to afterwards, within `/ui`."""
    invitation: str | None = None
    old_session: str | None = None
    """The hash (hex) of the browser's session so far: its cookie does not come back with the provider's answer."""
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)

    def challenge(self) -> str:
        """PKCE's S256 (RFC 7636): BASE64URL(SHA256(verifier))."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def seal(self, key: str) -> str:
        """The cookie's value."""
        claims = {**asdict(self), "aud": AUDIENCE, "exp": now() + LIFETIME}
        return jwt.encode(claims, key, ALGORITHM)


def unseal(key: str, value: str) -> Handshake | None:
    """What `seal` sealed; None for anything that this key did not sign or that is too old."""
    try:
        claims = jwt.decode(value, key, [ALGORITHM], audience=AUDIENCE, options={"require": ["aud", "exp"]})
    except jwt.InvalidTokenError:
        return None
    del claims["aud"], claims["exp"]
    return Handshake(**claims)
