"""A Valkey of our own, on 127.0.0.1, with an append-only file in the data folder."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from app.core.redis_address import too_old
from app.core.redis_forms import open_blocking_client, watchers_of
from app.core.secret import read_or_create
from app.embedded import leftovers
from app.embedded.binaries import find_valkey
from app.embedded.child import Spec
from app.embedded.errors import StartError
from app.embedded.folder import RUN_FILE, DataFolder, read_json, write_private
from app.embedded.ports import free_port

# Loading a large append-only file takes its time.
READY_SECONDS = 120.0
TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True)
class Valkey:
    """A server's files and how to reach it."""

    program: Path
    home: Path
    port: int
    url: str


def prepare(folder: DataFolder) -> Valkey:
    """Write the configuration, with the password, readable by its owner alone."""
    home = folder.path / "valkey"
    home.mkdir(mode=0o700, exist_ok=True)
    password = read_or_create(home / "password")
    port = free_port(read_json(folder.path / RUN_FILE).get("valkey_port"))
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": "./",
        "appendonly": "yes",
        # The append-only file alone holds everything; snapshots would write it a second time.
        "save": '""',
        # The queues are in here: to evict is to lose tasks, so writes fail when memory is full.
        "maxmemory-policy": "noeviction",
    }
    write_private(home / "valkey.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))
    return Valkey(find_valkey(), home, port, f"redis://:{password}@127.0.0.1:{port}/0")


def spec(valkey: Valkey, folder: DataFolder) -> Spec:
    """How the server runs; its configuration is named relative to its folder, so that no path needs quoting."""
    return Spec(
        name="Valkey",
        command=[str(valkey.program), "valkey.conf"],
        cwd=valkey.home,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        stop_rank=2,
        log=folder.log("valkey"),
        death_signal=signal.SIGTERM,
        # Two servers must never append to one file.
        clean=lambda: leftovers.end(valkey.home, valkey.program.name),
    )


def answers(valkey: Valkey) -> bool:
    """Whether the server has loaded its file and takes commands."""
    try:
        with _client(valkey.url) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def check_given(url: str, name: str = "REDIS_URL") -> None:
    """Raise StartError, with the password masked, when the Redis of a setting cannot be used."""
    try:
        with _client(url) as client:
            reason = too_old(client.info("server"))
    except (redis.RedisError, OSError, ValueError) as error:
        raise StartError(f"{name} {_masked(url)} does not work: {error}") from error
    if reason:
        raise StartError(f"{name} {_masked(url)}: {reason}")


@contextmanager
def _client(url: str) -> Iterator[redis.Redis]:
    """One try and no more: by itself redis-py repeats a refused connection or password for ten seconds."""
    with open_blocking_client(url, TIMEOUT_SECONDS) as client:
        try:
            yield client
        finally:
            for watcher in watchers_of(client):
                watcher.close()


def _masked(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{'***@' if '@' in rest else ''}{rest.rpartition('@')[2]}"
