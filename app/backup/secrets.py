"""What of the data folder a database is useless without: the key of its sessions, and the commands' own key."""

import os
from pathlib import Path

from app.backup.errors import BackupFailed

FOLDER = "secrets"
# The databases' passwords are not among them: each installation makes its own.
NAMES = ("secret_key", "cli.json")


def save(data_dir: Path, backup: Path) -> list[str]:
    """Copy those that are there, readable by their owner alone; their names."""
    folder = backup / FOLDER
    folder.mkdir(mode=0o700)
    found = [name for name in NAMES if (data_dir / name).is_file()]
    for name in found:
        _copy(data_dir / name, folder / name)
    return found


def restore(backup: Path, data_dir: Path, names: list[str]) -> None:
    """Put them into the data folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for name in names:
        _copy(backup / FOLDER / name, data_dir / name)


def refuse_others(backup: Path, data_dir: Path, names: list[str]) -> None:
    """Raise BackupFailed when the data folder has another secret, which would be lost."""
    for name in names:
        path = data_dir / name
        if path.exists() and path.read_bytes() != (backup / FOLDER / name).read_bytes():
            raise BackupFailed(f"{path} is another one than the backup's: move it away, or choose another --data-dir")


def _copy(source: Path, target: Path) -> None:
    fresh = target.with_name(f".{target.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(source.read_bytes())
    fresh.replace(target)
