"""Whoever sends, and the network between."""

from collections.abc import Iterator

import pytest

from tests.client.network import Network
from tests.system import System


@pytest.fixture
def network(system: System) -> Iterator[Network]:
    with Network(system.port) as between:
        yield between
