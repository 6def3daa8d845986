"""A disk of the test's own, which can be full: a tmpfs, which only root may mount."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = b"\0" * 2**16


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[bool]:
    """Mount a small disk at the folder; whether that was possible."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield False
        return
    options = f"size={megabytes}m,mode=0711"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Nothing more can be written while this lasts."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(BLOCK)
        assert os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize < len(BLOCK), os.strerror(errno.ENOSPC)
        yield
    finally:
        ballast.unlink(missing_ok=True)
