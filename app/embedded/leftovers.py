"""Processes of a server that outlived the supervisor or their own parent."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from app.embedded.errors import StartError

# Orphaned backends notice within milliseconds that the postmaster is gone; a busy one may never. Short, because a
# stop that had to kill comes by here within its 5 s.
PATIENCE_SECONDS = 0.3
# A process that a kill does not end hangs in the kernel, for instance on a lost network disk.
GIVE_UP_SECONDS = 10.0


def living_in(folder: Path, program: str) -> list[int]:
    """Pids of processes named `program` whose working directory is `folder`.

    The name spares a person's shell that stands in the folder. Empty where there is no /proc (macOS): there the
    server's own lock file has to tell.
    """
    home = str(folder.resolve())
    return [pid for pid in _pids() if _is_in(pid, home, program)]


def end(folder: Path, program: str) -> None:
    """Wait for the processes of `program` in `folder`, then kill those that stay; returns when none is left.

    Raises: StartError for one that cannot be ended.
    """
    begun = time.monotonic()
    while pids := living_in(folder, program):
        waited = time.monotonic() - begun
        if waited > GIVE_UP_SECONDS:
            raise StartError(f"process {pids[0]} still uses {folder} and cannot be ended")
        if waited > PATIENCE_SECONDS:
            for pid in pids:
                _kill(pid)
        time.sleep(0.05)


def _pids() -> Iterator[int]:
    proc = Path("/proc")
    if proc.is_dir():
        yield from (int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal())


def _is_in(pid: int, home: str, program: str) -> bool:
    try:
        return (
            str(Path(f"/proc/{pid}/cwd").readlink()) == home
            and Path(f"/proc/{pid}/comm").read_text().strip() == program
        )
    except OSError:
        return False


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
