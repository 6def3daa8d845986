"""Credentials as InfluxDB's clients send them: `Token KEY`, `Bearer KEY`, or Basic with the key for a password."""

import base64
import binascii

from starlette.datastructures import Headers

from app.auth.errors import InvalidCredential


def sent(headers: Headers) -> str | None:
    """The key; None when none came. Raises: InvalidCredential for a header that cannot be read."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "":
            return None
        case "bearer":
            return rest.strip()
        case "token":
            # InfluxDB 1.8 takes user:password here.
            return rest.strip().rpartition(":")[2]
        case "basic":
            return _password(rest.strip())
    raise InvalidCredential("Send Authorization: Token <key>, Bearer <key>, or Basic with the key as the password.")


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidCredential(
            "Send Authorization: Token <key>, Bearer <key>, or Basic with the key as the password."
        ) from None
