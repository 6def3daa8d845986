"""Mosquitto's password file: a line `user:$7$iterations$salt$hash` for each user, PBKDF2 with SHA-512.

A device's line follows a comment that names the device key which is its password, so that a key that has ended can be
found in the file. Other lines, such as the bridge's, stay as they are.
"""

import base64
import hashlib
import os
import re
import secrets
from pathlib import Path

# As mosquitto_passwd writes them. A device key is random and long: nobody guesses it, however cheap a guess is.
ITERATIONS = 101
SALT_BYTES = 12

_NOTE = re.compile(r"# device key (\S+) of (\S+)")


def hashed(password: str) -> str:
    """The part behind `user:`."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


class PasswordFile:
    """The lines of a file; `save` puts the changed ones in its place at once, so the broker never reads half of them.

    Raises, as its methods do: OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def devices(self) -> dict[str, str]:
        """The id of the device key that is each device's password, by the device's ULID."""
        notes = filter(None, map(_NOTE.fullmatch, self._lines))
        return {note[2]: note[1] for note in notes}

    def put(self, server_ulid: str, key_id: str, key: str) -> None:
        """Let a device in with this key, and no longer with another."""
        self.drop(server_ulid)
        self._lines += [f"# device key {key_id} of {server_ulid}", f"{server_ulid}:{hashed(key)}"]

    def drop(self, server_ulid: str) -> None:
        """Let a device in no more."""
        self._lines = [line for line in self._lines if not _is_of(line, server_ulid)]

    def save(self) -> None:
        """Readable as before; a new file by its owner alone."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in self._lines)
            file.flush()
            os.fsync(file.fileno())
        if self._path.exists():
            known = self._path.stat()
            fresh.chmod(known.st_mode & 0o777)
            if os.geteuid() == 0:
                os.chown(fresh, known.st_uid, known.st_gid)
        fresh.replace(self._path)


def _is_of(line: str, server_ulid: str) -> bool:
    note = _NOTE.fullmatch(line)
    return line.startswith(f"{server_ulid}:") or (note is not None and note[2] == server_ulid)
