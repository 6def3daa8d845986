"""A disk of the test's own, which can be full: a tmpfs, which only root may mount."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

BLOCK = b"\0" * 2**16
FILLED_TIMES = 20


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
        with ballast.open("wb", buffering=0) as file:
            fill(folder, file)
        yield
    finally:
        ballast.unlink(missing_ok=True)


def fill(folder: Path, file: BinaryIO) -> None:
    """Write until nothing is left; again where PostgreSQL dropped a file meanwhile, as 16 MB of its log."""
    for _ in range(FILLED_TIMES):
        with contextlib.suppress(OSError):
            while True:
                file.write(BLOCK)
        if os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize < len(BLOCK):
            return
    pytest.fail("the disk does not get full")
