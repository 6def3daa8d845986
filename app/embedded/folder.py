"""The data folder: writable, and used by one `up` at a time."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from app.embedded.errors import FolderInUse, StartError

# A log past this size, bytes, is set aside at the next start, so that two of them are the most that is kept.
MAX_LOG_BYTES = 10 * 2**20
# Where the databases are, with their passwords.
RUN_FILE = "run.json"


class DataFolder:
    """The locked data folder; the lock goes when the process does, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock = -1

    def __enter__(self) -> "DataFolder":
        """Make and lock the folder. Raises: StartError when it cannot be written or is in use."""
        try:
            self._make()
            self._lock = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StartError(
                f"cannot write to the data folder {self.path}: {reason}; choose another with --data-dir"
            ) from error
        self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    def log(self, name: str) -> Path:
        """The log file of a child; one that has grown past MAX_LOG_BYTES is set aside as `.1` first."""
        path = self.path / "logs" / f"{name}.log"
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def _make(self) -> None:
        if not self.path.exists():
            self.path.mkdir(parents=True)
            # Root's PostgreSQL runs as another user, who must pass through; whatever is private has a mode of its own.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (self.path / "logs").mkdir(mode=0o700, exist_ok=True)

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._lock, 20).decode(errors="replace").strip()
            os.close(self._lock)
            by = f" (process {holder})" if holder else ""
            raise FolderInUse(
                f"another `sentinela up`{by} is using {self.path}; stop it or choose another --data-dir"
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty when the file is absent or broken."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace the file at once by `value`, readable by its owner alone."""
    write_private(path, json.dumps(value, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace `path` at once by a file of mode 0600, so that no reader ever sees half of it."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
