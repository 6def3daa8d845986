"""Levels count for as long as their process lives, wherever it runs and whoever had its pid before."""

import os
import subprocess
import sys
from pathlib import Path

# Says what the installation's levels and counts are, sets this process's, and does what else it is told to.
PROGRAM = """
import os, sys
from app.core import metrics

def say():
    lines = metrics.exposition().decode().splitlines()
    names = ("sentinela_backlog_readings ", "sentinela_password_hashes_total ")
    print(*(line.split()[-1] for line in sorted(lines) if line.startswith(names)), flush=True)

say()
if "set" in sys.argv:
    metrics.BACKLOG.set(5)
    metrics.PASSWORD_HASHES.inc()
if "again" in sys.argv:
    # Whoever takes its own place keeps its pid.
    os.execv(sys.executable, [sys.executable, "-c", os.environ["PROGRAM"]])
if "fork" in sys.argv:
    child = os.fork()
    if child == 0:
        metrics.BACKLOG.set(7)
        say()
        os._exit(0)
    os.waitpid(child, 0)
    say()
if "wait" in sys.argv:
    print("waiting", flush=True)
    sys.stdin.read()
"""


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    env = os.environ | {"DATA_DIR": str(folder), "PROGRAM": PROGRAM}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(folder: Path, *arguments: str) -> list[str]:
    """What the process printed: the backlog and the count of hashes, as far as anybody has set them."""
    output, _ = start(folder, *arguments).communicate(timeout=60)
    return output.splitlines()


def elsewhere(folder: Path) -> None:
    """What the processes so far have written is that of another host."""
    (written,) = (folder / "metrics").iterdir()
    written.rename(folder / "metrics" / "another-host")


def test_a_process_begins_at_zero_though_one_of_its_pid_left_levels(tmp_path: Path) -> None:
    assert said(tmp_path, "set", "again")[-1] == "0.0 1.0"


def test_the_child_of_a_fork_counts_for_itself(tmp_path: Path) -> None:
    assert said(tmp_path, "set", "fork")[-2:] == ["12.0 1.0", "5.0 1.0"]


def test_levels_of_another_host_count_while_their_process_lives(tmp_path: Path) -> None:
    living = start(tmp_path, "set", "wait")
    assert living.stdout is not None
    assert [living.stdout.readline() for _ in range(2)][-1] == "waiting\n"
    elsewhere(tmp_path)
    try:
        assert said(tmp_path) == ["5.0 1.0"]
    finally:
        living.communicate()
    # A count stays, or Prometheus would take its fall for a restart.
    assert said(tmp_path) == ["0.0 1.0"]


def test_many_that_start_at_once_forget_the_dead_together(tmp_path: Path) -> None:
    assert said(tmp_path, "set")
    elsewhere(tmp_path)
    for number in range(50):
        file = tmp_path / "metrics" / "another-host" / f"counter_{number}.db"
        file.write_bytes(b"")
        os.utime(file, (0, 0))
    many = [start(tmp_path) for _ in range(4)]
    assert [process.communicate(timeout=60)[0] != "" and process.returncode for process in many] == [0] * 4
