"""Which processes of the installation live: each holds a lock on a file of its own, which the kernel takes back.

A pid says little: a process that starts again may get that of one that died, and containers that share a folder have
pids of their own each.
"""

import fcntl
import os
import time
from pathlib import Path

# Somebody who looks whether a process lives holds its lock for a moment.
TRIES, PAUSE_SECONDS = 50, 0.01


class Sign:
    """The lock of this process, under its pid; given anew in the child of a fork, which inherits its parent's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = -1
        self.give()
        os.register_at_fork(after_in_child=self.give)

    def give(self) -> None:
        """As far as the folder's file system knows locks; where it knows none, everybody counts as living."""
        if self._file >= 0:
            os.close(self._file)
        path = _path(self._folder, os.getpid())
        for _ in range(TRIES):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if _hold(self._file, path):
                return
            os.close(self._file)
            time.sleep(PAUSE_SECONDS)
        self._file = -1


def _hold(file: int, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Somebody who found its last owner dead may have removed it since it was opened.
        return os.path.samestat(os.fstat(file), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:
        return True


def lives(folder: Path, pid: str) -> bool:
    """Whether the process of this folder and pid does."""
    try:
        file = os.open(_path(folder, pid), os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def _path(folder: Path, pid: str | int) -> Path:
    return folder / f"{pid}.lives"
