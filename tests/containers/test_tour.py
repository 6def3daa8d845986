"""The tour that the project's CI runs against the containers, here against the running system."""

import os
import subprocess
from pathlib import Path

from tests.system import System

TOUR = Path(__file__).with_name("tour.sh")


def test_tour_passes_against_the_running_system(system: System) -> None:
    done = subprocess.run(
        ["sh", str(TOUR)],
        env={"PATH": os.environ["PATH"], "BASE_URL": system.url, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tour is complete" in done.stdout


def test_tour_fails_where_nobody_answers() -> None:
    done = subprocess.run(
        ["sh", str(TOUR)],
        env={"PATH": os.environ["PATH"], "BASE_URL": "http://127.0.0.1:9", "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "The tour is complete" not in done.stdout
