"""One system of the faults' own, which they freeze and kill, and whoever talks to it meanwhile."""

import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.conftest import Server
from tests.faults.processes import complete, until
from tests.system import System, scratch_folder


@pytest.fixture(scope="session")
def own() -> Iterator[System]:
    """The system under fire, with two API processes."""
    machine = System(scratch_folder(), workers=2, WEBHOOK_ALLOWED_NETWORKS="127.0.0.1/32")
    try:
        yield machine.start()
    finally:
        machine.close()


@pytest.fixture(scope="session")
def admin(own: System) -> Iterator[httpx.Client]:
    """The administrator's client; a new connection for each request, for no process is there for ever."""
    with httpx.Client(
        base_url=own.url,
        headers={"Authorization": f"Bearer {own.admin_key}"},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=60,
        trust_env=False,
    ) as client:
        yield client


@pytest.fixture
def works(own: System, admin: httpx.Client) -> Callable[[], bool]:
    """Whether all parts run and do their work: PostgreSQL by /readyz, Valkey by the cache."""

    def check() -> bool:
        try:
            entry = admin.post("/cache/set", json={"key": "works", "value": True})
        except httpx.TransportError:
            return False
        return entry.status_code == 200 and own.ready() and complete(own)

    return check


@pytest.fixture(autouse=True)
def _whole(own: System, works: Callable[[], bool]) -> None:
    """Each test begins with a system that works, whatever the one before did to it."""
    assert own.process
    if own.process.poll() is not None:
        own.start()
    until(works, own)


@pytest.fixture
def server(admin: httpx.Client) -> Server:
    """A server that has never sent anything."""
    made = admin.post("/servers", json={"server_name": f"server-{secrets.token_hex(6)}"}).raise_for_status().json()
    key = made["device_key"]
    return Server(made["server_ulid"], made["server_name"], key, {"Authorization": f"Bearer {key}"})
