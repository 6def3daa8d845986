"""Access tokens (JWT), refresh tokens and keys: how they are made and recognised."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import jwt

from app.core.clock import now
from app.core.identifiers import new_ulid

AUDIENCE = "sentinela"
ALGORITHM = "HS256"
PREFIXES = {
    "api": "snt_k_",
    "device": "snt_d_",
    "refresh": "snt_r_",
    "session": "snt_s_",
    "invitation": "snt_i_",
    "reset": "snt_p_",
}
Kind = Literal["api", "device", "refresh", "session", "invitation", "reset"]
# 32 random bytes: no salt or slow hash is needed to keep their SHA-256.
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid access token says."""

    user_ulid: str
    session_ulid: str


def issue_access_token(key: str, user_ulid: str, session_ulid: str, lifetime: timedelta) -> str:
    """A JWT with sub, exp, iat, jti, aud and the session it belongs to."""
    issued = now()
    claims: dict[str, str | datetime] = {
        "sub": user_ulid,
        "sid": session_ulid,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + lifetime,
        "jti": new_ulid(),
    }
    return jwt.encode(claims, key, ALGORITHM)


def read_access_token(key: str, token: str) -> AccessClaims | None:
    """The claims, or None for anything that this key did not sign or that has expired."""
    required = ["sub", "sid", "aud", "iat", "exp", "jti"]
    try:
        claims = jwt.decode(token, key, [ALGORITHM], audience=AUDIENCE, options={"require": required})
    except jwt.InvalidTokenError:
        return None
    # PostgreSQL takes no NUL in a text; our own identifiers are letters and digits.
    if not all(isinstance(claims[name], str) and claims[name].isalnum() for name in ("sub", "sid")):
        return None
    return AccessClaims(claims["sub"], claims["sid"])


def new_secret(kind: Kind) -> str:
    """A fresh key or refresh token; its prefix tells what it is."""
    return PREFIXES[kind] + secrets.token_urlsafe(SECRET_BYTES)


def csrf_token(key: str, session_secret: str) -> str:
    """What a browser must send beside its cookie: only who has read an answer of ours knows it."""
    digest = hmac.digest(key.encode(), b"csrf:" + session_secret.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def secret_hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
