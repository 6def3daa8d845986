"""SIGKILL of every part while servers send: whatever was acknowledged is there, once, and the parts come back."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults import processes
from tests.faults.processes import API, POSTGRES, RECOVERY_SECONDS, VALKEY, WORKER, until
from tests.faults.simulation import RATE, SERVERS, Simulation, assert_nothing_lost
from tests.system import System

Works = Callable[[], bool]

ROUNDS = 5 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 1
VICTIMS = (API, WORKER, VALKEY, POSTGRES)
# Readings flow again when as many were acknowledged as are due in a second.
FLOWING = SERVERS * RATE
DEATH_SECONDS = 10.0


@pytest.fixture
def simulation(own: System, tmp_path: Path) -> Iterator[Simulation]:
    running = Simulation(own, tmp_path / "ledger.jsonl")
    try:
        until(lambda: running.count() >= FLOWING, own)
        yield running
    finally:
        running.close()


def kill(system: System, name: str) -> psutil.Process:
    """Kill the API or the worker with all its processes, but of PostgreSQL the postmaster alone; who it was."""
    victim = processes.get(system, name)
    if name in (API, WORKER):
        processes.kill_family(victim)
    else:
        victim.kill()
    return victim


def recover(system: System, victim: psutil.Process, name: str, works: Works, simulation: Simulation) -> None:
    """Wait for the successor, for the whole to work, and for readings that are acknowledged anew."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    until(lambda: processes.find(system, name) not in (None, victim) and works(), system)
    before = simulation.count()
    until(lambda: simulation.count() >= before + FLOWING, system, deadline - time.monotonic())


def settle(admin: httpx.Client, simulation: Simulation) -> None:
    """Stop the simulation and hold its ledger against what is stored."""
    summary = simulation.stop()
    acknowledged = simulation.acknowledged()
    assert (summary.acknowledged, summary.failed) == (len(acknowledged), 0)
    assert_nothing_lost(admin, acknowledged, summary.unanswered)


# Each kill may use up its deadline; beside them the starts and the comparison.
@pytest.mark.timeout(len(VICTIMS) * ROUNDS * RECOVERY_SECONDS + 120)
def test_killed_parts_come_back_and_no_acknowledged_reading_is_lost_or_doubled(
    own: System, admin: httpx.Client, simulation: Simulation, works: Works
) -> None:
    for name in VICTIMS * ROUNDS:
        recover(own, kill(own, name), name, works, simulation)
    settle(admin, simulation)


def await_replacement(system: System, api: psutil.Process, before: list[psutil.Process]) -> None:
    until(lambda: len(set(processes.serving(api)) - set(before)) == 1, system)


def test_one_killed_api_process_is_replaced_while_the_other_answers(
    own: System, admin: httpx.Client, simulation: Simulation
) -> None:
    api = processes.get(own, API)
    before = processes.serving(api)
    assert len(before) == own.workers
    before[0].kill()
    await_replacement(own, api, before)
    assert before[1].is_running()
    assert api.is_running()
    settle(admin, simulation)


def test_a_killed_supervisor_takes_all_along_and_the_next_start_has_every_acknowledged_reading(
    own: System, admin: httpx.Client, simulation: Simulation
) -> None:
    """The hardest moment: an API process is just starting, with the port already in its hands."""
    api = processes.get(own, API)
    serving = processes.serving(api)
    serving[0].kill()
    await_replacement(own, api, serving)
    everyone = own.descendants()
    own.kill()
    _, alive = psutil.wait_procs(everyone, timeout=DEATH_SECONDS)
    assert not alive
    own.start()
    before = simulation.count()
    until(lambda: simulation.count() >= before + FLOWING, own)
    settle(admin, simulation)
