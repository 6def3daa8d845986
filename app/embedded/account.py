"""The user PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.embedded.errors import StartError

# `postgres` is there where the distribution's PostgreSQL is; `nobody` is everywhere.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An unprivileged user for a child of root."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path, mode: int) -> None:
        """Give `path` to this account with `mode`."""
        os.chown(path, self.uid, self.gid)
        path.chmod(mode)


def run_as(account: Account | None) -> dict[str, Any]:
    """What subprocess is told to run a child as this account; nothing for the present user."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def account_for(folder: Path) -> Account | None:
    """Whom PostgreSQL runs as: None is the present user; for root, the owner of `folder` or a common account.

    Raises: StartError when `folder` belongs to somebody else, or root finds no account.
    """
    owner = folder.stat().st_uid if folder.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise StartError(f"{folder} belongs to {_name(owner)}; run as that user or choose another --data-dir")
        return None
    if owner:
        return _account(_name(owner), owner)
    for name in CANDIDATES:
        try:
            return _account(name, pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    raise StartError(f"PostgreSQL does not run as root, and no user {' or '.join(CANDIDATES)} exists")


def _account(name: str, uid: int) -> Account:
    try:
        return Account(name, uid, pwd.getpwuid(uid).pw_gid)
    except KeyError:
        # A data folder that was copied here keeps the number of a user this machine does not know.
        return Account(name, uid, uid)


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"user {uid}"
