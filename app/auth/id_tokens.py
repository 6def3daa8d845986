"""ID tokens of an OIDC provider: what must be true of one before it says who somebody is.

OpenID Connect Core 1.0, section 3.1.3.7.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from app.auth.errors import IdentityUnproved

# Signed by a key that the provider alone has. Neither `none`, nor HMAC: whoever knows a public key could sign by it.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Between the provider's clock and ours.
LEEWAY_SECONDS = 60
# OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
MAX_SUBJECT = 255
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")

Key = Mapping[str, Any]


class UnknownKey(Exception):
    """None of the known keys may have signed the token: the provider may have a new one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as the provider knows them: `subject` is theirs for ever, all else may change."""

    issuer: str
    subject: str
    username: str | None
    email: str | None
    """Only one that the provider has verified."""


def read(token: str, keys: Sequence[Key], *, issuer: str, client_id: str, nonce: str) -> Identity:
    """Who the token says that somebody is. `keys` are the provider's, as JWKs.

    Raises: IdentityUnproved with the reason for the log; UnknownKey.
    """
    try:
        header = jwt.get_unverified_header(token)
        key = _key(header, keys)
        options: Any = {"require": list(REQUIRED), "strict_aud": False}
        claims = jwt.decode(
            token, key, ALGORITHMS, audience=client_id, issuer=issuer, leeway=LEEWAY_SECONDS, options=options
        )
    except jwt.PyJWTError as error:
        raise unproved(f"{type(error).__name__}: {error}") from None
    _check_party(claims, client_id)
    if not isinstance(claims["nonce"], str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise unproved("the nonce is another sign-in's")
    return _identity(claims)


def unproved(reason: str) -> IdentityUnproved:
    """The error, with what the log says and nobody else."""
    return IdentityUnproved("The provider's answer does not prove who you are.", reason=reason)


def _key(header: Mapping[str, Any], keys: Sequence[Key]) -> jwt.PyJWK:
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise unproved(f"signed by {algorithm!r}, which does not count")
    usable = [key for key in keys if key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm]
    named = [key for key in usable if key.get("kid") == header["kid"]] if "kid" in header else usable
    if len(named) != 1:
        raise UnknownKey
    return jwt.PyJWK(dict(named[0]), algorithm)


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """Of a token for several, and of one that names its party, this installation is that party."""
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp", client_id if audience == [client_id] else None)
    if party != client_id:
        raise unproved(f"made out to another party, azp {party!r}")


def _identity(claims: Mapping[str, Any]) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise unproved("sub is no identifier")
    username, email = claims.get("preferred_username"), claims.get("email")
    is_verified = isinstance(email, str) and claims.get("email_verified") is True
    return Identity(
        claims["iss"], subject, username if isinstance(username, str) else None, email if is_verified else None
    )
