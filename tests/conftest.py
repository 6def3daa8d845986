"""Fixtures of every test: the running system, and people and servers of its own for each test."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.system import System, scratch_folder

# What tests import of the app counts into files of the data folder: not into a real one.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="sentinela-test-process-")


@dataclass(frozen=True)
class User:
    """Someone who has registered and logged in; `headers` carry their token."""

    id: str
    username: str
    password: str
    token: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Server:
    """A registered server; `headers` carry its device key."""

    ulid: str
    name: str
    device_key: str
    headers: dict[str, str]


NewUser = Callable[[], User]
NewServer = Callable[[User], Server]


LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
# Two systems on two cores: the suite is idle half of the time, waiting for starts, stops and promised deadlines.
PROCESSES = 2


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes run the tests: 0 for this one alone, where tests were named or counts are long."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return PROCESSES if whole and not LONG and (os.cpu_count() or 1) >= PROCESSES else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `long` to `./sentinela test --long`."""
    long = [item for item in items if item.get_closest_marker("long")]
    if long and not LONG:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """The system under test, started once, with two API processes."""
    # Of a database that is given, such as a Citus (docs/scaling.md), instead of its own.
    given = os.environ.get("SENTINELA_TEST_DATABASE")
    database = {"DATABASE_URL": given} if given else {}
    running = System(scratch_folder(), workers=2, WEBHOOK_ALLOWED_NETWORKS="127.0.0.1/32", **database)
    try:
        yield running.start()
        # Whatever the whole run asked for, no secret of it may stand in a log.
        assert running.leaks() == []
    finally:
        running.close()


@pytest.fixture(scope="session")
def client(system: System) -> Iterator[httpx.Client]:
    """An HTTP client without credentials."""
    with httpx.Client(base_url=system.url, timeout=30, trust_env=False) as session:
        yield session


@pytest.fixture(scope="session")
def new_user(system: System, client: httpx.Client) -> NewUser:
    """A function that registers a new user and logs them in."""

    def register() -> User:
        username, password = f"user-{secrets.token_hex(6)}", secrets.token_urlsafe(16)
        credentials = {"username": username, "password": password}
        system.secrets.add(password)
        registered = client.post("/auth/register", json=credentials).raise_for_status().json()
        token = client.post("/auth/login", json=credentials).raise_for_status().json()["access_token"]
        return User(registered["id"], username, password, token, _bearer(token))

    return register


@pytest.fixture(scope="session")
def new_server(client: httpx.Client) -> NewServer:
    """A function that registers a new server for a user."""

    def register(user: User) -> Server:
        body = {"server_name": f"server-{secrets.token_hex(6)}"}
        made = client.post("/servers", json=body, headers=user.headers).raise_for_status().json()
        return Server(made["server_ulid"], made["server_name"], made["device_key"], _bearer(made["device_key"]))

    return register


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    """One person for the tests of a module: registering and logging in cost a password hash each."""
    return new_user()


@pytest.fixture
def server(user: User, new_server: NewServer) -> Server:
    """A server of `user` that has never sent anything."""
    return new_server(user)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
