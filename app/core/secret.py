"""Secrets of the installation: strong or refused, generated once, readable by their owner alone."""

import os
import secrets
from pathlib import Path

MIN_LENGTH = 32
# A secret of 32 equal or alternating characters is a placeholder; a random hex key has some 14 different ones.
MIN_DISTINCT = 10
PLACEHOLDERS = ("change", "secret", "example", "password", "your-", "insecure", "default")


def check_strength(value: str) -> None:
    """Raise ValueError, naming the mend, for a secret that somebody could guess."""
    mend = 'use the output of: python3 -c "import secrets; print(secrets.token_hex(32))", or leave it empty'
    if len(value) < MIN_LENGTH:
        raise ValueError(f"is shorter than {MIN_LENGTH} characters; {mend}")
    if len(set(value)) < MIN_DISTINCT or any(word in value.lower() for word in PLACEHOLDERS):
        raise ValueError(f"looks like a placeholder; {mend}")


def read_or_create(path: Path) -> str:
    """The secret in `path`, created with mode 0600 by whoever comes first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            # link() fails where the name exists, so that of several starting processes one secret wins.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
