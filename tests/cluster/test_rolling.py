"""Two API processes and two workers on one database behind nginx: replaced in turn, killed in turn, under load."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from tests.cluster.several import Api, Front
from tests.cluster.valkeys import wait_until
from tests.conftest import NewServer, NewUser, Server, User
from tests.faults.load import Load
from tests.live.reader import Reader
from tests.system import System

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def front(system: System) -> Iterator[Front]:
    if shutil.which("nginx") is None:
        pytest.skip(
            "NOT TESTED: several API processes, for there is no nginx on the PATH (apt-get install nginx-light)"
        )
    with Front(system) as running:
        yield running


@pytest.fixture
def sender(new_user: NewUser, new_server: NewServer) -> tuple[User, Server]:
    user = new_user()
    return user, new_server(user)


def assert_all_stored(system: System, server: Server, load: Load) -> None:
    """As many rows as were acknowledged, and each of them."""
    with psycopg.connect(system.database_url) as connection:
        found = connection.execute(
            "SELECT temperature FROM reading JOIN server USING (server_id) WHERE server_ulid = %s", [server.ulid]
        ).fetchall()
    assert {value for (value,) in found} >= {row["temperature"] for row in load.acknowledged}
    assert len(found) == len({value for (value,) in found})


def test_a_rolling_restart_fails_no_acknowledgement(system: System, front: Front, sender: tuple[User, Server]) -> None:
    _, server = sender
    with Load(front, server) as load:  # type: ignore[arg-type]
        for _ in range(2):
            for part in (*front.apis, *front.workers):
                time.sleep(2)
                part.end(signal.SIGTERM)
                part.start()
        time.sleep(2)
    print(f"rolling: {len(load.acknowledged)} acknowledged, {dict(load.answers)}, slowest {load.slowest:.2f} s")
    assert len(load.answers) == 1, load.answers
    assert_all_stored(system, server, load)


def test_nothing_is_lost_when_each_is_killed_in_turn(system: System, front: Front, sender: tuple[User, Server]) -> None:
    user, server = sender
    jobs = []
    with Load(front, server) as load:  # type: ignore[arg-type]
        for part in (*front.apis, *front.workers):
            time.sleep(2)
            jobs.append(order_export(front, user))
            part.end(signal.SIGKILL)
            part.start()
        time.sleep(2)
    print(f"killed: {len(load.acknowledged)} acknowledged, {dict(load.answers)}, slowest {load.slowest:.2f} s")
    assert_all_stored(system, server, load)
    wait_until(lambda: all(state_of(front, user, job) == "done" for job in jobs))


def test_a_stream_goes_on_with_the_other_process(front: Front, sender: tuple[User, Server]) -> None:
    user, server = sender
    with httpx.Client(base_url=f"http://127.0.0.1:{front.port}", timeout=30, trust_env=False) as client:
        last_id = ""
        for number, part in enumerate(front.apis):
            last_id = goes_on(client, (user, server), part, number, last_id)


def goes_on(client: httpx.Client, sender: tuple[User, Server], part: Api, number: int, last_id: str) -> str:
    """Listen while an API is replaced, and afterwards from where the stream ended; the last id."""
    user, server = sender
    headers = user.headers | ({"Last-Event-ID": last_id} if last_id else {})
    reader = Reader(client, headers)
    reader.wait(lambda: bool(reader.last_id))
    send(client, server, number)
    reader.wait(lambda: bool(reader.of("reading")))
    part.end(signal.SIGTERM)
    part.start()
    # Only one of the two had this stream; the other one may have it still.
    reader.close()
    # While nobody listens: it must come with what the reader asks for again.
    send(client, server, number + 0.5)
    again = Reader(client, user.headers | {"Last-Event-ID": reader.last_id})
    again.wait(lambda: str(number + 0.5) in str(again.of("reading")))
    # A process that has just begun may say "reset" besides: what the one before it had not told, it cannot know.
    assert again.frames[0].data == {"resumed": True}
    again.close()
    return again.last_id


def send(client: httpx.Client, server: Server, value: float) -> None:
    body = {"server_ulid": server.ulid, "timestamp": datetime.now(UTC).isoformat(), "temperature": value}
    client.post("/data", json=body, headers=server.headers).raise_for_status()


def order_export(front: Front, user: User) -> str:
    """A job of the workers; whoever is killed meanwhile may leave the request unanswered, so it is asked again."""
    deadline = time.monotonic() + 30
    while True:
        try:
            url = f"http://127.0.0.1:{front.port}/exports"
            made = httpx.post(url, json={"format": "csv"}, headers=user.headers, timeout=20, trust_env=False)
            return str(made.raise_for_status().json()["job_id"])
        except httpx.TransportError:
            assert time.monotonic() < deadline


def state_of(front: Front, user: User, job: str) -> str:
    found = httpx.get(
        f"http://127.0.0.1:{front.port}/jobs/{job}", headers=user.headers, timeout=20, trust_env=False
    ).raise_for_status()
    return str(found.json()["state"])


def test_the_configuration_is_what_nginx_takes(front: Front, system: System) -> None:
    done = subprocess.run(["nginx", "-t", "-c", str(system.folder / "nginx.conf")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
