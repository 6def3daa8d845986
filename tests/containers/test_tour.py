"""The tour that the project's CI runs against the containers, here against the running system."""

import os
import subprocess
from pathlib import Path

from tests.containers.compose_file import PROJECT
from tests.system import System

TOUR = Path(__file__).with_name("tour.sh")


def run_tour(url: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "BASE_URL": url, "no_proxy": "*"}
    return subprocess.run(["sh", str(TOUR)], env=env, capture_output=True, text=True, check=False)


def tour_commands(readme: str) -> list[str]:
    """The lines of the code block that sets URL, without comments and blank lines."""
    blocks = (PROJECT / readme).read_text(encoding="utf-8").split("```")[1::2]
    lines = next(block for block in blocks if "\nURL=" in block).splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_tour_of_the_readme_passes_against_the_running_system(system: System) -> None:
    done = run_tour(system.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tour is complete" in done.stdout


def test_tour_fails_where_nobody_answers() -> None:
    done = run_tour("http://127.0.0.1:9")
    assert done.returncode != 0
    assert "The tour is complete" not in done.stdout


def test_both_readmes_have_the_same_tour() -> None:
    assert tour_commands("README.md") == tour_commands("README.pt-BR.md")
