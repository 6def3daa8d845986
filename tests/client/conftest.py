"""Whoever sends, and the network between."""

from collections.abc import Iterator

import pytest

from tests.client.network import Network
from tests.conftest import NewServer, NewUser, Server, User
from tests.system import System


@pytest.fixture
def network(system: System) -> Iterator[Network]:
    with Network(system.port) as between:
        yield between


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    """One person for the tests of a module: registering and logging in cost a password hash each."""
    return new_user()


@pytest.fixture
def server(user: User, new_server: NewServer) -> Server:
    return new_server(user)
