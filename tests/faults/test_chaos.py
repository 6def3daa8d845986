"""Everything that can go wrong, at random, while readings and questions come in: none that was acknowledged is lost.

Half a minute by default, each fault once; thirty minutes by `./sentinela test --long tests/faults/test_chaos.py -s`.
"""

import os
import random
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.conftest import Server
from tests.faults import processes, small_disk
from tests.faults.injected_clock import InjectedClock
from tests.faults.load import RATE, Load, assert_all_there_once
from tests.faults.processes import API, POSTGRES, VALKEY, WATCHER, WORKER, complete, until
from tests.faults.questions import Questions
from tests.system import System, scratch_folder

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
SECONDS = 1800 if LONG else 0
DISK_MEGABYTES = 3000 if LONG else 600
FULL_SECONDS = 10.0 if LONG else 2.0
# Seconds of calm between two faults, at the most.
CALM = 8.0 if LONG else 0.3
# Into the next hours, where what is being written counts as due to be sealed, and back into the last ones.
JUMPS = (-10_800, -60, 60, 3600, 14_400)
# What a fault may take to be over: five times the longest that was seen, on a busy machine.
RECOVERY_SECONDS = 120.0


class Machine:
    """The system under fire, its disk and its clock."""

    def __init__(self, system: System, clock: InjectedClock, small: bool) -> None:
        self.system = system
        self.clock = clock
        self.small = small
        self.admin = httpx.Client(
            base_url=system.url,
            headers={"Authorization": f"Bearer {system.admin_key}"},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=120,
            trust_env=False,
        )

    def server(self) -> Server:
        name = f"chaos-{secrets.token_hex(4)}"
        made = self.admin.post("/servers", json={"server_name": name}).raise_for_status().json()
        key = made["device_key"]
        return Server(made["server_ulid"], name, key, {"Authorization": f"Bearer {key}"})

    def works(self) -> bool:
        """Whether all parts run and do their work: PostgreSQL by /readyz, Valkey by the cache."""
        try:
            entry = self.admin.post("/cache/set", json={"key": "works", "value": True})
        except httpx.TransportError:
            return False
        return entry.status_code == 200 and self.system.ready() and complete(self.system)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    folder = scratch_folder()
    clock = InjectedClock(folder)
    system = System(folder, workers=2, **clock.environment)
    with small_disk.mounted(system.data_dir, DISK_MEGABYTES) as small:
        try:
            yield Machine(system.start(), clock, small)
        finally:
            system.close()


def kill(machine: Machine, role: str) -> None:
    """The API, worker or watcher with all its processes, but of PostgreSQL the postmaster alone."""
    victim = processes.get(machine.system, role)
    if role in (POSTGRES, VALKEY):
        victim.kill()
    else:
        processes.kill_family(victim)
    until(lambda: processes.find(machine.system, role) not in (None, victim), machine.system, RECOVERY_SECONDS)


def fill_disk(machine: Machine, chance: random.Random) -> None:
    with small_disk.full(machine.system.data_dir):
        time.sleep(FULL_SECONDS * (0.5 + chance.random()))


FAULTS: dict[str, Callable[[Machine, random.Random], None]] = {
    "API killed": lambda machine, _: kill(machine, API),
    "worker killed": lambda machine, _: kill(machine, WORKER),
    "watcher killed": lambda machine, _: kill(machine, WATCHER),
    "Valkey killed": lambda machine, _: kill(machine, VALKEY),
    "postmaster killed": lambda machine, _: kill(machine, POSTGRES),
    "clock jumped": lambda machine, chance: machine.clock.jump(chance.choice(JUMPS)),
    "disk full": fill_disk,
}


def recover(machine: Machine, load: Load) -> None:
    """Wait until all parts work, and as many readings are acknowledged anew as are due in half a second."""
    until(machine.works, machine.system, RECOVERY_SECONDS)
    before = len(load.acknowledged)
    until(lambda: len(load.acknowledged) >= before + RATE // 2, machine.system, RECOVERY_SECONDS)


def order_of(chance: random.Random, possible: list[str]) -> Iterator[str]:
    """Each fault once, and in a long run again and again, until the time is over."""
    deadline = time.monotonic() + SECONDS
    while True:
        yield from chance.sample(possible, len(possible))
        if time.monotonic() >= deadline:
            return


@pytest.mark.timeout(SECONDS + 900)
def test_whatever_happens_no_acknowledged_reading_is_lost_or_stored_twice(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = secrets.randbelow(2**32) if LONG else 8
    chance = random.Random(seed)
    server = machine.server()
    possible = [name for name in FAULTS if name != "disk full" or machine.small]
    took: dict[str, list[float]] = defaultdict(list)
    begun = time.monotonic()
    with Questions(machine.system, server.ulid) as questions, Load(machine.system, server) as load:
        recover(machine, load)
        for name in order_of(chance, possible):
            time.sleep(chance.random() * CALM)
            struck = time.monotonic()
            FAULTS[name](machine, chance)
            recover(machine, load)
            took[name].append(time.monotonic() - struck)
        machine.clock.jump(0)
    with capsys.disabled():
        print(f"\nseed {seed}, {time.monotonic() - begun:.0f} s")
        print(f"readings sent, by answer: {dict(load.answers)}; the slowest took {load.slowest:.1f} s")
        print(f"questions asked, by answer: {dict(questions.answers)}")
        for name, times in sorted(took.items()):
            median, longest = statistics.median(times), max(times)
            print(f"{name:18} {len(times):3} ×, all well again after {median:5.1f} s, at the longest {longest:5.1f} s")
    assert set(load.answers) <= {201, 503, 0}
    assert set(questions.answers) <= {200, 429, 503, 0}
    assert questions.answers[200] > 0
    assert_all_there_once(machine.admin, server, load)
    if not machine.small:
        pytest.skip("NOT TESTED: a full disk, for only root may mount a small one; all else passed")
