"""Header fields that every answer carries."""

from collections.abc import Sequence

from starlette.types import Message

from app.core.settings import Settings, get_settings

Fields = Sequence[tuple[bytes, bytes]]

# Browsers keep in mind for a year that this host speaks https.
_HTTPS_SECONDS = 31_536_000


def fields_of(settings: Settings) -> Fields:
    """An answer is data: a browser that shows one runs and loads nothing, wherever it came by it.

    Pages have policies of their own (see pages.py), which these do not replace.
    """
    fields = [
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]
    if settings.public_url.startswith("https://"):
        fields.append((b"strict-transport-security", b"max-age=%d" % _HTTPS_SECONDS))
    return fields


FIELDS = fields_of(get_settings())
LINES = b"".join(b"%b: %b\r\n" % field for field in FIELDS)
"""The same as they stand in an answer."""


def add_fields(start: Message) -> None:
    """Add what the start of an answer does not have yet."""
    headers = start["headers"] = list(start.get("headers", ()))
    known = {name.lower() for name, _ in headers}
    headers += [field for field in FIELDS if field[0] not in known]
