"""People and servers for the contract tests; the running system comes from the folder above."""

import os

import httpx
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.system import System


@pytest.fixture
def newcomer(new_user: NewUser) -> User:
    """Somebody with a workspace that holds nothing, for tests that look at all of it."""
    return new_user()


@pytest.fixture
def server(user: User, new_server: NewServer) -> Server:
    """A server of `user` that has never sent anything."""
    return new_server(user)


@pytest.fixture(scope="module")
def stranger(new_user: NewUser) -> User:
    """Somebody of another workspace."""
    return new_user()


@pytest.fixture
def foreign_server(stranger: User, new_server: NewServer) -> Server:
    """A server of the stranger's."""
    return new_server(stranger)


@pytest.fixture
def anonymous(client: httpx.Client) -> httpx.Client:
    """The client without a credential, by a name that says so where this matters."""
    assert "Authorization" not in client.headers
    return client


@pytest.fixture
def admin(system: System) -> dict[str, str]:
    """Headers of the instance administrator, whose key the first `up` leaves behind."""
    return {"Authorization": f"Bearer {system.admin_key}"}


@pytest.fixture(scope="session")
def long_run() -> bool:
    """Whether `./sentinela test --long` asked for the full counts."""
    return os.environ.get("SENTINELA_TEST_LONG") == "1"
