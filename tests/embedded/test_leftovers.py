import subprocess
import time
from pathlib import Path

import pytest

from app.embedded import leftovers

pytestmark = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc, which macOS has not")


def test_only_the_named_program_in_the_folder_is_ended(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    sleeping = ["sleep", "60"]
    inside = subprocess.Popen(sleeping, cwd=home)
    shell = subprocess.Popen(["tail", "-f", "/dev/null"], cwd=home)
    outside = subprocess.Popen(sleeping, cwd=other)
    try:
        wait_until_listed(home, inside.pid)
        assert leftovers.living_in(home, "sleep") == [inside.pid]
        # The test is its parent, so it stays a zombie until it is waited for; a zombie is not listed.
        leftovers.end(home, "sleep")
        assert inside.wait(5) == -9
        assert shell.poll() is None
        assert outside.poll() is None
    finally:
        for process in (inside, shell, outside):
            process.kill()
            process.wait()


def wait_until_listed(home: Path, pid: int) -> None:
    """Popen returns before the child's name is that of the program."""
    deadline = time.monotonic() + 5
    while pid not in leftovers.living_in(home, "sleep"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
