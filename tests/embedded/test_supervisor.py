"""Real processes under a real supervisor, which is a process of its own: it owns the signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("harness.py")
PROJECT = Path(__file__).resolve().parents[2]
Supervised = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    """A function that starts the harness with children of the given kinds, and returns when they run."""
    started: list[subprocess.Popen[str]] = []

    def start(*names: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(HARNESS), str(tmp_path), *names],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            text=True,
            # Under nohup it would inherit, and rightly respect, that hangups are ignored.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def pids(folder: Path, name: str, count: int) -> list[int]:
    """The pids that children of this name had, oldest first, once there are `count` of them."""
    wait_for(lambda: len(lines(folder / name)) >= count)
    found = [int(line) for line in lines(folder / name)]
    assert len(found) == count
    return found


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_child_is_started_again_after_a_growing_pause(tmp_path: Path, supervised: Supervised) -> None:
    process = supervised("first")
    begun = time.monotonic()
    for deaths in (1, 2, 3):
        os.kill(pids(tmp_path, "first", deaths)[-1], signal.SIGKILL)
    pids(tmp_path, "first", 4)
    # 0.2 + 0.4 + 0.8 s of backoff.
    assert time.monotonic() - begun >= 1.4
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=25)
    assert said.splitlines() == [
        "first was killed by SIGKILL; starting it again in 0.2 s",
        "first was killed by SIGKILL; starting it again in 0.4 s",
        "first was killed by SIGKILL; starting it again in 0.8 s",
        "stopped",
    ]


def test_children_stop_in_order_and_a_stubborn_one_is_killed(tmp_path: Path, supervised: Supervised) -> None:
    process = supervised("second", "stubborn", "first")
    everyone = [pids(tmp_path, name, 1)[0] for name in ("first", "second", "stubborn")]
    begun = time.monotonic()
    for _ in range(3):
        # A second and third Ctrl-C hurry nothing and break nothing.
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert process.wait(25) == 0
    assert time.monotonic() - begun < 5
    assert not any(map(alive, everyone))
    first, second = (float(lines(tmp_path / f"{name}.end")[0]) for name in ("first", "second"))
    assert first < second


def test_hangup_stops_everything(tmp_path: Path, supervised: Supervised) -> None:
    process = supervised("first")
    process.send_signal(signal.SIGHUP)
    assert process.wait(25) == 0
    assert not alive(pids(tmp_path, "first", 1)[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_everybody_dies_with_a_killed_supervisor(tmp_path: Path, supervised: Supervised) -> None:
    process = supervised("stubborn", "parent")
    everyone = pids(tmp_path, "stubborn", 1) + pids(tmp_path, "parent", 2)
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(alive, everyone)))


def test_child_that_never_starts_well_ends_the_start(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, str(HARNESS), str(tmp_path), "defect"],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == "defect ended with status 3 at every start; see its messages above"
    assert len(lines(tmp_path / "defect")) == 3
