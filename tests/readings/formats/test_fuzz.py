"""Damaged bodies are refused, never more: no other error, no crash, no memory that goes with them."""

import secrets
import subprocess
import sys

import pytest

from tests.readings.formats.bodies import BODIES
from tests.readings.formats.fuzzing import fuzz

SECONDS = 60
# A forged length may ask for what the limit of the memory pool still admits once; a leak would go beyond it.
GROWTH = 256 * 2**20


@pytest.mark.parametrize("media_type", BODIES)
def test_damaged_bodies_are_refused_and_nothing_worse(media_type: str) -> None:
    assert fuzz(media_type, 7, lambda count: count < 1000) == 1000


@pytest.mark.long
@pytest.mark.parametrize("media_type", BODIES)
def test_a_minute_of_damaged_bodies_leaves_memory_as_it_was(media_type: str) -> None:
    seed = secrets.randbelow(2**32)
    command = [sys.executable, "-m", "tests.readings.formats.fuzzing", media_type, str(SECONDS), str(seed)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, f"seed {seed}: {run.stderr[-2000:]}"
    count, grown = map(int, run.stdout.split())
    print(f"{media_type}: {count} bodies, {grown / 2**20:.0f} MiB more")
    assert count > 0
    assert grown < GROWTH, f"seed {seed}"
