"""The servers that are measured against each other, and what CPU they use."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg

from tests.system import System, free_port


@dataclass(frozen=True, slots=True)
class Side:
    """A server under load: its port, its process, and the PostgreSQL behind it if there is one."""

    port: int
    process: psutil.Process
    postgres: psutil.Process | None = None

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU time so far, of the server and of its PostgreSQL."""
        return _cpu(self.process), _cpu(self.postgres) if self.postgres else 0.0


def _cpu(process: psutil.Process) -> float:
    times = (each.cpu_times() for each in (process, *process.children(recursive=True)))
    return sum(time.user + time.system for time in times)


def ours(system: System) -> Side:
    """The API process of a running system, alone, and its PostgreSQL."""
    processes = {_command_line(process): process for process in system.descendants()}
    api = next(process for line, process in processes.items() if "uvicorn app.main:app" in line)
    postgres = next(process for line, process in processes.items() if "/postgres " in line and " -D" in line)
    return Side(system.port, api, postgres)


def _command_line(process: psutil.Process) -> str:
    """Empty for one that is just ending."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Registered servers."""

    ulids: dict[int, str]
    """By their numbers."""
    keys: list[str]

    @property
    def numbers(self) -> list[int]:
        return list(self.ulids)


def registered(system: System, count: int) -> Fleet:
    """Fresh servers, in the order of their numbers."""
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    with httpx.Client(base_url=system.url, headers=headers, trust_env=False) as client:
        made = [
            client.post("/servers", json={"server_name": f"bench-{number}"}).raise_for_status().json()
            for number in range(count)
        ]
    with psycopg.connect(system.database_url) as connection:
        numbers: dict[str, int] = dict(connection.execute("SELECT server_ulid, server_id FROM server").fetchall())
    ulids = {numbers[server["server_ulid"]]: server["server_ulid"] for server in made}
    return Fleet(ulids, [server["device_key"] for server in made])


@contextmanager
def uvicorn(app: str, postgres: psutil.Process | None = None, **environment: str) -> Iterator[Side]:
    """Another app on the same server: uvloop, httptools, one process, no access log."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    with _running([*command, "--no-access-log", "--log-level", "warning"], environment) as process:
        wait_for(f"http://127.0.0.1:{port}/docs")
        yield Side(port, psutil.Process(process.pid), postgres)


@contextmanager
def influxdb() -> Iterator[Side | None]:
    """InfluxDB 1.x with its defaults for durability (each write is fsynced), where it is installed."""
    program = shutil.which("influxd")
    if program is None:
        yield None
        return
    port, rpc = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="sentinela-bench-") as folder:
        config = Path(folder) / "influxdb.conf"
        config.write_text(_INFLUX.format(folder=folder, port=port, rpc=rpc))
        with _running([program, "-config", str(config)], {}) as process:
            wait_for(f"http://127.0.0.1:{port}/ping")
            httpx.post(f"http://127.0.0.1:{port}/query", data={"q": "CREATE DATABASE bench"}, trust_env=False)
            yield Side(port, psutil.Process(process.pid))


_INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[logging]
  level = "error"
"""


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    """Until something answers there."""
    for _ in range(200):
        try:
            httpx.get(url, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing answers at {url}")
