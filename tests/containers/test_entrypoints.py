"""The shell in front of PostgreSQL and Redis: a password of its own on the first start, the same ever after."""

import os
import re
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import redis

from app.embedded.binaries import find_valkey
from tests.containers.compose_file import entrypoint_script
from tests.system import free_port

# What the images bring: an entrypoint of their own, here one that tells what it was given, and a root who may chown.
ENTRYPOINT = '#!/bin/sh\necho "$* $(umask) $(cat "$POSTGRES_PASSWORD_FILE")"\n'
CHOWN = '#!/bin/sh\necho "$*" >> "$0.log"\n'
START_SECONDS = 20.0


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that stands first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    write_program(folder / "chown", CHOWN)
    return folder


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def shell(name: str, programs: Path, **environment: str) -> tuple[list[str], dict[str, str]]:
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return ["sh", "-ec", entrypoint_script(name)], os.environ | {"PATH": path} | environment


def start_database(programs: Path, password: Path) -> list[str]:
    command, env = shell("db", programs, POSTGRES_PASSWORD_FILE=str(password))
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, umask=0o022)
    return done.stdout.split()


def test_grafana_gets_a_password_of_its_own_that_outlives_a_restart(tmp_path: Path) -> None:
    """Its user owns the folder, so there is nobody to give the file to."""
    password = tmp_path / "admin-password"
    script = entrypoint_script("grafana").replace("exec /run.sh", 'exec cat "$GF_SECURITY_ADMIN_PASSWORD__FILE"')
    env = os.environ | {"GF_SECURITY_ADMIN_PASSWORD__FILE": str(password)}

    def start() -> str:
        return subprocess.run(["sh", "-ec", script], env=env, capture_output=True, text=True, check=True).stdout

    first = start()
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert start() == first
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [password]


def test_database_gets_a_password_of_its_own(programs: Path, tmp_path: Path) -> None:
    write_program(programs / "docker-entrypoint.sh", ENTRYPOINT)
    first, second = tmp_path / "first", tmp_path / "second"
    program, umask, password = start_database(programs, first)
    # With a mask of 077 the image would make folders, as root, that the user postgres cannot enter.
    assert (program, umask) == ("postgres", "0022")
    assert len(password) == 64
    assert set(password) <= set("0123456789abcdef")
    assert start_database(programs, second)[2] != password


def test_password_is_for_the_application_alone(programs: Path, tmp_path: Path) -> None:
    write_program(programs / "docker-entrypoint.sh", ENTRYPOINT)
    password = tmp_path / "password"
    start_database(programs, password)
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    # Given away before it has its name: whoever sees the file can read it.
    assert (programs / "chown.log").read_text() == f"10001 {password}.new\n"


def test_password_outlives_a_restart(programs: Path, tmp_path: Path) -> None:
    write_program(programs / "docker-entrypoint.sh", ENTRYPOINT)
    password = tmp_path / "password"
    assert start_database(programs, password) == start_database(programs, password)


def test_password_is_made_again_after_a_crash_left_it_empty(programs: Path, tmp_path: Path) -> None:
    write_program(programs / "docker-entrypoint.sh", ENTRYPOINT)
    password = tmp_path / "password"
    password.touch()
    assert len(start_database(programs, password)[2]) == 64


@contextmanager
def running_redis(programs: Path, folder: Path, port: int) -> Iterator[psutil.Process]:
    server = f'#!/bin/sh\nshift\nexec "{find_valkey()}" "$@" --bind 127.0.0.1 --port {port}\n'
    write_program(programs / "docker-entrypoint.sh", server)
    command, env = shell("redis", programs, REDIS_PASSWORD_FILE=str(folder / "password"))
    with subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def connect(port: int, password: str | None) -> "redis.Redis":
    client = redis.Redis(port=port, password=password, decode_responses=True)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.ping()
        except (redis.exceptions.BusyLoadingError, redis.exceptions.ConnectionError) as error:
            if isinstance(error, redis.AuthenticationError) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return client


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was not written"
        time.sleep(0.05)
    return path.read_text()


def test_redis_asks_for_its_password_and_keeps_the_queues(programs: Path, tmp_path: Path) -> None:
    port = free_port()
    with running_redis(programs, tmp_path, port) as process:
        password = wait_for(tmp_path / "password")
        with connect(port, password) as client:
            settings = client.config_get("appendonly", "maxmemory-policy", "save")
            client.set("queued", "task")
        assert settings == {"appendonly": "yes", "maxmemory-policy": "noeviction", "save": ""}
        # The shell became the server: it is what a stop reaches, and its command line tells nothing.
        assert password not in " ".join(process.cmdline())
        assert "server" in process.cmdline()[0]
        with pytest.raises(redis.AuthenticationError):
            connect(port, None)
    with running_redis(programs, tmp_path, port), connect(port, password) as client:
        assert client.get("queued") == "task"
