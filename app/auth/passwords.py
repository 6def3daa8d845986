"""Passwords: argon2id, off the event loop, and the same work whether or not the user exists."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core import metrics

# argon2-cffi's defaults are RFC 9106's low-memory profile: 64 MiB and 3 passes a hash, some 50 ms.
_hasher = PasswordHasher()
# Four at once hold 256 MiB; a burst of logins waits here instead of exhausting a small machine.
_slots = asyncio.Semaphore(4)
# The hash of a random password that was thrown away, for logins of users that do not exist; computing one at import
# would cost every process 50 ms and more at its start.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$bueiv+r7uMIEC1ZJSlvnWw$Ookf7Z9vBKY9F4KlB50l+butZ4vEG5mz3CH9ViQAYV0"


async def hash_password(password: str) -> str:
    async with _slots:
        metrics.PASSWORD_HASHES.inc()
        return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; without a hash (no such user) the work is done all the same."""
    async with _slots:
        metrics.PASSWORD_HASHES.inc()
        fits = await asyncio.to_thread(_verify, password_hash or NOBODY, password)
    return fits and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
