"""`up` as a person meets it: it starts, stops, survives, and says in one line why it does not start.

Deadlines are five times what is promised, because test machines are slow and busy.
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import psutil
import psycopg
import pytest

from tests.system import System, scratch_folder

START_SECONDS = 50.0
STOP_SECONDS = 25.0
DEATH_SECONDS = 25.0


@pytest.fixture(scope="module")
def own() -> Iterator[System]:
    """A system of this module's own, which its tests stop, kill and start again."""
    machine = System(scratch_folder())
    try:
        yield start_in_time(machine)
    finally:
        machine.close()


def start_in_time(machine: System) -> System:
    begun = time.monotonic()
    machine.start()
    assert time.monotonic() - begun < START_SECONDS
    return machine


class Sender:
    """A server that remembers each reading that was acknowledged."""

    def __init__(self, system: System) -> None:
        self.http = httpx.Client(
            base_url=system.url, headers={"Authorization": f"Bearer {system.admin_key}"}, timeout=30, trust_env=False
        )
        body = {"server_name": f"kept-{secrets.token_hex(4)}"}
        self.ulid = self.http.post("/servers", json=body).raise_for_status().json()["server_ulid"]
        self.instant = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        self.acknowledged: list[float] = []

    def send(self, count: int) -> None:
        for _ in range(count):
            self.instant += timedelta(seconds=1)
            value = float(len(self.acknowledged))
            body = {"server_ulid": self.ulid, "timestamp": self.instant.isoformat(), "temperature": value}
            self.http.post("/data", json=body).raise_for_status()
            self.acknowledged.append(value)

    def stored(self) -> list[float]:
        rows = self.http.get("/data", params={"server_ulid": self.ulid}).raise_for_status().json()
        return [row["temperature"] for row in rows]


@pytest.fixture
def sender(own: System) -> Iterator[Sender]:
    machine = Sender(own)
    yield machine
    machine.http.close()


def wait_until_gone(processes: list[psutil.Process], seconds: float) -> None:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert not alive


def left(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; what waits for init to take note of its end does not."""
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def program(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    return next(
        (name for name in ("uvicorn", "beat", "worker", "app.watcher", "valkey-server") if name in line), process.name()
    )


def test_second_instance_on_the_same_folder_is_refused(own: System) -> None:
    assert own.process
    status, said = refusal(own)
    assert status == 1
    by = f"(process {own.process.pid})"
    assert (
        said == f"sentinela: another `sentinela up` {by} is using {own.data_dir}; stop it or choose another --data-dir"
    )
    assert own.ready()


@contextmanager
def busy_backend(system: System) -> Iterator[None]:
    """A connection that computes for minutes: its backend does not notice the end of the postmaster."""

    def compute() -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(system.database_url) as connection:
            connection.execute("SELECT sum(sqrt(g)) FROM generate_series(1, 1e9) g")

    before = len(system.descendants())
    thread = threading.Thread(target=compute)
    thread.start()
    while len(system.descendants()) == before:
        time.sleep(0.05)
    try:
        yield
    finally:
        thread.join()


def test_password_of_the_first_start_opens_the_installation(own: System) -> None:
    said = re.findall(r"Administrator: (\w+), password (\S+) \(shown this once\)", own.output.read_text())
    assert len(said) == 1
    username, password = said[0]
    login = httpx.post(
        f"{own.url}/auth/login", json={"username": username, "password": password}, trust_env=False, timeout=30
    )
    token = login.raise_for_status().json()["access_token"]
    users = httpx.get(f"{own.url}/users", headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30)
    assert [user["username"] for user in users.raise_for_status().json()] == ["admin"]


def test_every_killed_process_is_started_again(own: System, sender: Sender) -> None:
    sender.send(20)
    supervised = psutil.Process(own.process.pid).children() if own.process else []
    assert sorted(map(program, supervised)) == ["app.watcher", "beat", "postgres", "uvicorn", "valkey-server", "worker"]
    everyone = own.descendants()
    with busy_backend(own):
        for child in supervised:
            child.kill()
        wait_until_gone(everyone, DEATH_SECONDS)
    deadline = time.monotonic() + START_SECONDS
    while not (own.ready() and len(psutil.Process(own.process.pid if own.process else 0).children()) == 6):
        assert time.monotonic() < deadline, own.logs()
        time.sleep(0.1)
    sender.send(5)
    assert sender.stored() == sender.acknowledged


def test_readings_outlive_a_killed_supervisor_and_its_children_do_not(own: System, sender: Sender) -> None:
    sender.send(50)
    everyone = own.descendants()
    key = own.admin_key
    own.kill()
    wait_until_gone(everyone, DEATH_SECONDS)
    own.start()
    assert own.admin_key == key
    assert sender.stored() == sender.acknowledged


def test_interrupt_stops_everything_and_the_next_start_is_clean(own: System, sender: Sender) -> None:
    sender.send(10)
    everyone = own.descendants()
    begun = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - begun < STOP_SECONDS
    # Nothing may be left at the moment when the command returns.
    assert not left(everyone)
    assert not (own.data_dir / "postgres" / "data" / "postmaster.pid").exists()
    own.start()
    assert sender.stored() == sender.acknowledged


def test_first_start_that_is_interrupted_leaves_nothing_running(idle: System) -> None:
    process = subprocess.Popen(
        idle.command("--data-dir", str(idle.folder / "first")),
        cwd=idle.folder,
        env=idle.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    known = psutil.Process(process.pid)
    while not (children := known.children(recursive=True)):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=STOP_SECONDS)
    assert (process.returncode, said) == (0, b"sentinela: stopped\n")
    assert not left(children)


def refusal(system: System, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status of an `up` that cannot start, and all that it says on stderr."""
    answer = subprocess.run(
        system.command(*arguments),
        cwd=system.folder,
        env=system.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, answer.stderr.removesuffix("\n")


@pytest.fixture(scope="module")
def idle() -> Iterator[System]:
    """A system that is never started."""
    machine = System(scratch_folder())
    yield machine
    machine.close()


def test_taken_port_is_named_before_anything_is_started(idle: System) -> None:
    with socket.create_server(("127.0.0.1", idle.port)):
        status, said = refusal(idle)
    assert (status, said) == (1, f"sentinela: port {idle.port} is taken on 127.0.0.1; choose another with --port")
    assert not (idle.data_dir / "postgres").exists()


def test_unwritable_folder_is_named(idle: System) -> None:
    (idle.folder / "file").touch()
    status, said = refusal(idle, "--data-dir", "file/data")
    where = idle.folder / "file" / "data"
    assert status == 1
    assert (
        said == f"sentinela: cannot write to the data folder {where}: Not a directory; choose another with --data-dir"
    )


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DATABASE_URL": "postgresql://ana:hidden@127.0.0.1:1/x"}, ["ana:***@127.0.0.1:1/x"]),
        ({"DATABASE_URL": "postgresql://ana:hidden@127.0.0.1:port/x"}, ["DATABASE_URL must look like"]),
        ({"DATABASE_URL": "mysql://ana:hidden@127.0.0.1/x"}, ["DATABASE_URL must look like"]),
        ({"REDIS_URL": "redis://:hidden@127.0.0.1:1/0"}, ["REDIS_URL redis://***@127.0.0.1:1/0", "refused"]),
        ({"SECRET_KEY": "short"}, ["SECRET_KEY", "is shorter than 32 characters"]),
    ],
)
def test_wrong_setting_is_one_line(idle: System, environment: dict[str, str], words: list[str]) -> None:
    status, said = refusal(idle, **environment)
    assert status == 1
    assert said.startswith("sentinela: ")
    assert "\n" not in said
    assert "hidden" not in said
    assert all(word in said for word in words)


def test_env_file_of_the_working_directory_is_followed(idle: System) -> None:
    file = idle.folder / ".env"
    file.write_text("REDIS_URL=redis://127.0.0.1:1\n")
    try:
        status, said = refusal(idle)
        assert (status, "REDIS_URL redis://127.0.0.1:1 does not work" in said) == (1, True)
        status, said = refusal(idle, REDIS_URL="redis://127.0.0.1:2")
        assert (status, "REDIS_URL redis://127.0.0.1:2 does not work" in said) == (1, True)
    finally:
        file.write_text("")


def test_wrong_password_of_a_given_database_is_one_line(idle: System, system: System) -> None:
    url = system.database_url.replace("sentinela:", "sentinela:no", 1)
    status, said = refusal(idle, DATABASE_URL=url)
    assert status == 1
    assert "password authentication failed" in said
    assert "\n" not in said


def test_wrong_password_of_a_given_redis_is_one_line(idle: System, system: System) -> None:
    status, said = refusal(idle, REDIS_URL=system.redis_url.replace("redis://:", "redis://:no", 1))
    assert status == 1
    assert "REDIS_URL redis://***@127.0.0.1" in said
    assert "invalid username-password pair" in said


def test_folder_that_a_user_may_not_enter_is_named(idle: System) -> None:
    closed = idle.folder / "closed"
    # Root writes anywhere, but its PostgreSQL runs as another user.
    as_root = os.geteuid() == 0
    closed.mkdir(mode=0o700 if as_root else 0o500)
    status, said = refusal(idle, "--data-dir", str(closed / "data"))
    assert status == 1
    reason = "who cannot enter" if as_root else "cannot write to the data folder"
    assert f"{reason} {closed}/data" in said
    assert "choose another" in said
