"""Credentials as InfluxDB's clients send them: `Token KEY`, `Bearer KEY`, or Basic with the key for a password."""

import base64

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
    except ValueError:
        # No base 64, no text behind it, or letters that are not even ASCII.
        raise InvalidCredential(
            "Send Authorization: Token <key>, Bearer <key>, or Basic with the key as the password."
        ) from None
