"""Who is who among the children of `up`, and the ways to hurt them."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.system import System

# Five times what is promised, because test machines are slow and busy.
RECOVERY_SECONDS = 50.0
API, WORKER, BEAT, WATCHER, VALKEY, POSTGRES = ROLES = (
    "uvicorn",
    "worker",
    "beat",
    "app.watcher",
    "valkey-server",
    "postgres",
)
POOL_CHILDREN = 2


def words(process: psutil.Process) -> set[str]:
    """Name and command line; nothing for one that is just ending."""
    try:
        return {process.name(), *process.cmdline()}
    except psutil.Error:
        return set()


def find(system: System, name: str) -> psutil.Process | None:
    """The child of `up` that plays this role now."""
    assert system.process
    supervised = psutil.Process(system.process.pid).children()
    return next((child for child in supervised if name in words(child)), None)


def get(system: System, name: str) -> psutil.Process:
    process = find(system, name)
    assert process, f"no {name} runs\n{system.logs()}"
    return process


def below(process: psutil.Process | None) -> list[psutil.Process]:
    """Every process that this one has started, directly or not; none for one that is gone."""
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True) if process else []
    return []


def serving(api: psutil.Process) -> list[psutil.Process]:
    """The API's processes that answer requests, oldest first; not Python's own helper that tracks resources."""
    return sorted(
        (process for process in below(api) if "--multiprocessing-fork" in words(process)), key=lambda p: p.pid
    )


def kill_family(process: psutil.Process) -> None:
    """SIGKILL a process and, before it could start others, all below it."""
    process.suspend()
    for member in [*below(process), process]:
        with suppress(psutil.NoSuchProcess):
            member.kill()


def complete(system: System) -> bool:
    """Whether every part runs: the six children of `up`, and the worker's two."""
    everyone = all(find(system, name) for name in ROLES)
    return everyone and len(below(find(system, WORKER))) == POOL_CHILDREN


def until(condition: Callable[[], bool], system: System, seconds: float = RECOVERY_SECONDS) -> None:
    """Wait for something to become true; fails with the end of every log when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s\n{system.logs()}"
        time.sleep(0.1)


@contextmanager
def frozen(*processes: psutil.Process) -> Iterator[None]:
    """Hold processes by SIGSTOP: their sockets stay open and nobody answers."""
    try:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


@contextmanager
def dead(system: System, name: str, configuration: Path) -> Iterator[None]:
    """Kill a server and keep it from starting again, by taking its configuration away."""
    hidden = configuration.with_name("taken-away")
    configuration.rename(hidden)
    try:
        get(system, name).kill()
        yield
    finally:
        hidden.rename(configuration)
