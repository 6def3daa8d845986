"""A Sender's process is killed while it adds and while it sends, on a network that fails: each reading arrives once."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.client.adding import begin_at
from tests.client.network import Network
from tests.conftest import Server, User
from tests.contract.calls import column, readings_of
from tests.system import clean_environment

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
CUT_SECONDS = 600.0
ROOT = Path(__file__).parents[2]


@dataclass
class Program:
    """`tests.client.adding`, which may be killed and started again on the same buffer."""

    network: Network
    server: Server
    folder: Path
    count: int
    chunk: int
    seconds: float
    killed: int = field(default=0)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def added(self) -> int:
        """Readings for which `add` has returned."""
        return begin_at(self.folder / "ledger")

    def start(self) -> None:
        words = (self.network.url, self.server.device_key, self.server.ulid, self.folder / "buffer.db")
        more = (self.folder / "ledger", self.count, self.chunk, self.seconds)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.client.adding", *map(str, (*words, *more))],
            cwd=ROOT,
            env=clean_environment(PYTHONPATH=f"{ROOT}{os.pathsep}{ROOT / 'clients' / 'python'}"),
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        assert self.process
        assert self.process.poll() is None, "it ended before it was killed"
        self.process.kill()
        self.process.wait()
        self.killed += 1

    def until_added(self, count: int, patience: float = 60) -> None:
        ends = time.monotonic() + patience
        while self.added < count:
            assert time.monotonic() < ends
            time.sleep(0.02)

    def end(self, patience: float) -> None:
        assert self.process
        assert self.process.wait(patience) == 0


NewProgram = Callable[[int, int, float], Program]


@pytest.fixture
def new_program(network: Network, server: Server, tmp_path: Path) -> Iterator[NewProgram]:
    made: list[Program] = []

    def make(count: int, chunk: int, seconds: float) -> Program:
        made.append(Program(network, server, tmp_path, count, chunk, seconds))
        return made[-1]

    yield make
    for program in made:
        if program.process and program.process.poll() is None:
            program.kill()


def assert_each_arrived_once(client: httpx.Client, user: User, server: Server, count: int) -> None:
    rows = readings_of(client, user, server)
    assert len(rows) == count
    assert len(set(column(rows, "timestamp"))) == count
    assert column(rows, "temperature") == [number % 100 for number in range(count)]
    assert column(rows, "humidity") == [number % 97 for number in range(count)]


def test_a_killed_process_loses_nothing_that_was_added(
    client: httpx.Client,
    user: User,
    server: Server,
    network: Network,
    new_program: Callable[[int, int, float], Program],
) -> None:
    program = new_program(3_000, 10, 0.002)
    program.start()
    program.until_added(500)
    program.kill()  # while it adds and sends
    network.cut()
    program.start()
    program.until_added(1_500)
    program.kill()  # while it adds and cannot send
    network.restore()
    network.lose_answers(2)
    program.start()
    program.until_added(3_000)
    if program.process and program.process.poll() is None:
        program.kill()  # while it sends what is left
        program.start()
    program.end(60)
    assert_each_arrived_once(client, user, server, 3_000)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_ten_minutes_without_a_network_and_a_hundred_thousand_readings(
    client: httpx.Client,
    user: User,
    server: Server,
    network: Network,
    new_program: Callable[[int, int, float], Program],
) -> None:
    """Added all the while, in ten minutes of cuts and hangs, by a process that is killed every few seconds."""
    chance = random.Random(9)
    program = new_program(100_000, 20, CUT_SECONDS / 5_000)
    program.start()
    program.until_added(2_000)
    begun = time.monotonic()
    network.cut()
    away = 0.0
    while away < CUT_SECONDS:
        time.sleep(chance.uniform(5, 20))
        program.kill()
        program.start()
        # Now and then the network is only half away: connections stand, and nothing comes through.
        chance.choice((network.cut, network.freeze))()
        away = time.monotonic() - begun
    stored = len(readings_of(client, user, server))
    waiting = program.added - stored
    network.restore()
    network.lose_answers(10)
    restored = time.monotonic()
    for _ in range(5):
        time.sleep(chance.uniform(1, 2))
        if program.process and program.process.poll() is None:
            program.kill()
            program.start()
    program.end(600)
    caught_up = time.monotonic() - restored
    print(
        f"\n{away:.0f} s without a network, {program.killed} kills, {network.broken} answers lost; {stored} stored"
        f" before, {waiting} waiting at its end, all acknowledged {caught_up:.1f} s after"
    )
    assert_each_arrived_once(client, user, server, 100_000)
