"""One-time codes of an authenticator (RFC 6238: SHA-1, 6 digits, 30 s) and recovery codes; nothing here does I/O.

The secret of an authenticator is derived from the installation's key and a salt. The database keeps the salt alone, so
a copy of it opens nothing; and where the installation's key is changed the codes no longer fit.
"""

import base64
import hmac
import io
import secrets
from datetime import datetime

import pyotp
import segno

from app.auth.tokens import secret_hash

ISSUER = "Sentinela"
STEP_SECONDS = 30
# RFC 6238, 5.2: one step for a clock that is off or a person who types slowly.
NEIGHBOURS = 1
SALT_BYTES = 16
# RFC 4226, R6 recommends 160 bits; base32 takes them without padding.
SECRET_BYTES = 20
RECOVERY_CODES = 10
# 80 bits, 16 letters of base32: neither guessed nor found from a plain SHA-256.
RECOVERY_BYTES = 10
MAX_TYPED = 64


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def secret_of(key: str, user_ulid: str, salt: bytes) -> str:
    """The authenticator's secret in base32, 32 letters."""
    digest = hmac.digest(key.encode(), b"totp:" + user_ulid.encode() + b":" + salt, "sha256")
    return base64.b32encode(digest[:SECRET_BYTES]).decode()


def uri(secret: str, username: str) -> str:
    """What an authenticator reads: `otpauth://totp/Sentinela:ana?secret=…&issuer=Sentinela`."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def qr_svg(text: str) -> str:
    """The text as a QR code: one SVG element, dark on white whatever the page's colours are."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=4, light="#fff", xmldecl=False, nl=False)
    return out.getvalue().decode()


def step_of(secret: str, code: str, moment: datetime) -> int | None:
    """The time step (30 s since 1970) whose code this is, among the present one and its neighbours."""
    present, totp = int(moment.timestamp()) // STEP_SECONDS, pyotp.TOTP(secret)
    for step in range(present - NEIGHBOURS, present + NEIGHBOURS + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


def typed(code: str) -> str:
    """A code as people type it, without blanks and dashes and in capitals."""
    return "".join(letter for letter in code if letter.isascii() and letter.isalnum()).upper()


def is_from_authenticator(code: str) -> bool:
    """Whether this is six digits, and no recovery code."""
    return len(code) == 6 and code.isdigit()


def new_recovery_codes() -> list[str]:
    """Ten codes such as `JBSW-Y3DP-EHPK-3PXP`."""
    letters = (base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))
    return ["-".join(text[start : start + 4] for start in range(0, len(text), 4)) for text in letters]


def recovery_hash(code: str) -> bytes:
    return secret_hash(typed(code))
