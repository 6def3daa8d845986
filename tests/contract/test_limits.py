"""Limits on readings a second: by key and by workspace, over all processes, and not at all while Redis is away."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Server
from tests.contract.alone import Alone
from tests.contract.calls import Row, bearer, log_in, register, stamp, unique
from tests.contract.problems import assert_problem
from tests.faults import processes
from tests.system import System, free_port, scratch_folder

# Ten seconds' worth fit in a bucket: 50 readings of a key, 80 of a workspace.
LIMITS = {"RATE_LIMIT_KEY": "5", "RATE_LIMIT_WORKSPACE": "8"}
PASSWORD = "correct horse battery"
# What an answer may take while Redis hangs: the first waits half a second for it; five times that.
SLOWER_SECONDS = 2.5
# Limits come back within a second after Redis did, or the supervisor its Redis; five times what both take.
BACK_WITHIN = 25.0

Start = Callable[..., Alone]
Tenant = Callable[[], "Workspace"]


class Workspace:
    """A workspace of its own on the limited system."""

    def __init__(self, client: httpx.Client) -> None:
        name = unique("ana")
        assert register(client, name, PASSWORD).status_code == 201
        self.client = client
        self.user = bearer(log_in(client, name, PASSWORD).json()["access_token"])

    def server(self) -> Server:
        made = self.client.post("/servers", json={"server_name": unique("s")}, headers=self.user).json()
        key = made["device_key"]
        return Server(made["server_ulid"], made["server_name"], key, bearer(key))

    def stored(self, server: Server) -> int:
        found = self.client.get("/data", params={"server_ulid": server.ulid}, headers=self.user)
        assert found.status_code == 200
        return len(found.json())


@pytest.fixture(scope="module")
def limited() -> Iterator[System]:
    """A system with limits."""
    running = System(scratch_folder(), **LIMITS)
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="module")
def here(limited: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=limited.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def workspace(here: httpx.Client) -> Workspace:
    return Workspace(here)


@pytest.fixture
def server(workspace: Workspace) -> Server:
    return workspace.server()


@pytest.fixture
def start(limited: System, tmp_path: Path) -> Iterator[Start]:
    """Start one more API process on the limited system's databases."""
    started: list[Alone] = []
    shared = {"DATA_DIR": str(limited.data_dir), "DATABASE_URL": limited.database_url, "REDIS_URL": limited.redis_url}

    def begin(**settings: str) -> Alone:
        started.append(Alone(tmp_path, **{**shared, **settings}))
        return started[-1].until_ready()

    yield begin
    for alone in started:
        alone.stop()


def send(
    client: httpx.Client, server: Server, count: int, first: int = 0, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Send so many readings at once, each of its own second."""
    body = [
        {"server_ulid": server.ulid, "timestamp": stamp(seconds=first + number), "temperature": 20}
        for number in range(count)
    ]
    return client.post("/data", json=body if count > 1 else body[0], headers={**server.headers, **(headers or {})})


def assert_limited(response: httpx.Response, policy: str) -> Row:
    problem = assert_problem(response, 429)
    assert policy in problem["detail"]
    assert response.headers["Retry-After"] in problem["detail"]
    assert policy in response.headers["RateLimit-Policy"]
    return problem


def test_without_limits_nothing_is_said_of_them(client: httpx.Client, new_user: Any, new_server: Any) -> None:
    """`up` sets none, unlike an API that is started by itself."""
    response = send(client, new_server(new_user()), 200)
    assert response.status_code == 201
    assert not {"RateLimit", "RateLimit-Policy"} & set(response.headers)


def test_an_answer_tells_the_limits_and_what_is_left(here: httpx.Client, server: Server) -> None:
    one = send(here, server, 1)
    assert one.status_code == 201
    assert one.headers["RateLimit-Policy"] == '"readings-per-key";q=50;w=10, "readings-per-workspace";q=80;w=10'
    assert one.headers["RateLimit"] == '"readings-per-key";r=49;t=1, "readings-per-workspace";r=79;t=1'
    many = send(here, server, 30)
    key, workspace = (int(part.split(";")[1].removeprefix("r=")) for part in many.headers["RateLimit"].split(", "))
    assert 19 <= key < 49
    assert 49 <= workspace < 79


def test_past_its_limit_a_key_is_refused_whole_and_passes_after_the_told_time(
    here: httpx.Client, workspace: Workspace, server: Server
) -> None:
    assert send(here, server, 50).status_code == 201
    refused = send(here, server, 15, first=100)
    assert_limited(refused, "readings-per-key")
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= 3
    assert workspace.stored(server) == 50
    time.sleep(seconds)
    assert send(here, server, 15, first=100).status_code == 201
    assert workspace.stored(server) == 65


def test_a_refusal_is_told_in_portuguese(here: httpx.Client, server: Server) -> None:
    assert send(here, server, 50).status_code == 201
    problem = assert_limited(send(here, server, 50, headers={"Accept-Language": "pt"}), "readings-per-key")
    assert problem["title"] == "Requisições demais"
    assert problem["detail"].startswith("Acima do limite")


def test_an_array_larger_than_the_limit_passes_once_and_then_costs_its_time(
    here: httpx.Client, workspace: Workspace, server: Server
) -> None:
    assert send(here, server, 500).status_code == 201
    refused = send(here, server, 1, first=1000)
    assert_limited(refused, "readings-per-key")
    assert 80 < int(refused.headers["Retry-After"]) <= 91, "450 in debt at 5 a second"
    assert workspace.stored(server) == 500


def test_keys_of_a_workspace_share_its_limit_and_other_workspaces_do_not(
    here: httpx.Client, workspace: Workspace
) -> None:
    first, second = workspace.server(), workspace.server()
    assert send(here, first, 49).status_code == 201
    assert_limited(send(here, second, 45), "readings-per-workspace")
    assert workspace.stored(second) == 0
    assert send(here, second, 30).status_code == 201
    assert send(here, Workspace(here).server(), 45).status_code == 201


def test_a_users_token_and_a_new_device_key_have_limits_of_their_own(
    here: httpx.Client, workspace: Workspace, server: Server
) -> None:
    assert send(here, server, 50).status_code == 201
    assert_limited(send(here, server, 20), "readings-per-key")
    assert send(here, server, 5, headers=workspace.user).status_code == 201
    rotated = here.post(f"/servers/{server.ulid}/keys", headers=workspace.user).json()["device_key"]
    assert send(here, server, 5, headers=bearer(rotated)).status_code == 201


def test_bad_readings_count_too(here: httpx.Client, server: Server) -> None:
    body = [{"server_ulid": server.ulid, "temperature": "hot"}] * 50
    assert here.post("/data", json=body, headers=server.headers).json()["rejected_count"] == 50
    assert_limited(send(here, server, 20), "readings-per-key")


def test_two_processes_share_one_limit(here: httpx.Client, start: Start, workspace: Workspace, server: Server) -> None:
    with start(**LIMITS).client() as there:
        assert send(here, server, 30).status_code == 201
        assert send(there, server, 19, first=30).status_code == 201
        for process in (here, there):
            assert_limited(send(process, server, 40, first=100), "readings-per-key")
    assert workspace.stored(server) == 49


def test_an_api_by_itself_has_generous_limits(start: Start, server: Server) -> None:
    with start().client() as alone:
        response = send(alone, server, 500)
    assert response.status_code == 201
    policy = '"readings-per-key";q=100000;w=10, "readings-per-workspace";q=1000000;w=10'
    assert response.headers["RateLimit-Policy"] == policy


def test_where_redis_never_was_nothing_is_limited(start: Start, server: Server) -> None:
    with start(**LIMITS, REDIS_URL=f"redis://127.0.0.1:{free_port()}").client() as alone:
        for number in range(3):
            response = send(alone, server, 50, first=50 * number)
            assert response.status_code == 201
            assert "RateLimit" not in response.headers


@pytest.mark.parametrize("how", ["hangs", "is dead"])
def test_while_redis_is_away_everybody_passes_and_afterwards_limits_hold_again(
    limited: System, here: httpx.Client, workspace: Workspace, server: Server, how: str
) -> None:
    assert send(here, server, 50).status_code == 201
    assert_limited(send(here, server, 40), "readings-per-key")
    valkey = processes.get(limited, processes.VALKEY)
    configuration = limited.data_dir / "valkey" / "valkey.conf"
    gone = processes.frozen(valkey) if how == "hangs" else processes.dead(limited, processes.VALKEY, configuration)
    with gone:
        # What was heard of an empty bucket is believed for a tenth of a second.
        time.sleep(0.2)
        for number in range(20):
            begun = time.monotonic()
            response = send(here, server, 50, first=100 + 50 * number)
            assert response.status_code == 201, response.text
            assert time.monotonic() - begun < SLOWER_SECONDS
    assert workspace.stored(server) == 1050
    fresh = workspace.server()
    deadline = time.monotonic() + BACK_WITHIN
    while "RateLimit" not in send(here, fresh, 1).headers:
        assert time.monotonic() < deadline, "limits did not come back"
        time.sleep(0.2)
