"""`uvicorn app.main:app` with a `.env` of two lines on an empty database: migrated, secret made, ready."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.contract.alone import Alone
from tests.contract.calls import bearer, log_in, register
from tests.system import System

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def empty_database(system: System) -> Iterator[str]:
    """The address of a new database in the system's PostgreSQL, whose owner is no superuser."""
    address = urlsplit(system.database_url)
    password = (system.data_dir / "postgres" / "password").read_text().strip()
    superuser = f"postgresql://postgres:{password}@{address.hostname}:{address.port}/postgres"
    name = sql.Identifier(fresh := f"empty_{secrets.token_hex(6)}")
    with psycopg.connect(superuser, autocommit=True) as connection:
        owner = sql.Identifier(address.username or "")
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        yield address._replace(path=f"/{fresh}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="module")
def apis(system: System, empty_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Alone]]:
    """Two processes that start at the same time in one folder, as two replicas do."""
    folder = tmp_path_factory.mktemp("two-lines")
    (folder / ".env").write_text(f"DATABASE_URL={empty_database}\nREDIS_URL={system.redis_url}\n")
    started = [Alone(folder, DATA_DIR=str(folder / "data")) for _ in range(2)]
    try:
        yield [alone.until_ready() for alone in started]
    finally:
        for alone in started:
            alone.stop()


def test_two_processes_that_start_at_once_migrate_once_and_share_everything(apis: list[Alone]) -> None:
    with apis[0].client() as first, apis[1].client() as second:
        assert register(first, "ana", PASSWORD).status_code == 201
        token = log_in(second, "ana", PASSWORD).json()["access_token"]
        for client in (first, second):
            assert client.get("/auth/me", headers=bearer(token)).status_code == 200, "one signing key for both"


def test_the_tour_works_from_there(apis: list[Alone]) -> None:
    with apis[0].client() as client:
        register(client, "bea", PASSWORD)
        headers = bearer(log_in(client, "bea", PASSWORD).json()["access_token"])
        server = client.post("/servers", json={"server_name": "oven"}, headers=headers).json()
        for temperature in (25.2, 25.3, 25.4):
            reading = {"server_ulid": server["server_ulid"], "temperature": temperature}
            answer = client.post("/data", json=reading, headers=bearer(server["device_key"]))
            assert answer.status_code == 201
        means = client.get("/data", params={"aggregation": "day"}, headers=headers).json()
        assert means[-1]["temperature"] == pytest.approx(25.3, abs=0.11), "midnight may part the three"
        assert client.get("/health/all", headers=headers).json()[0]["status"] == "online"


def test_the_secret_is_made_once_and_its_owners_alone(apis: list[Alone]) -> None:
    folder = apis[0].output.parent
    secret = folder / "data" / "secret_key"
    assert secret.stat().st_mode & 0o777 == 0o600
    before = secret.read_text()
    again = Alone(folder, DATA_DIR=str(folder / "data")).until_ready()
    again.stop()
    assert secret.read_text() == before
    assert httpx.get(f"{apis[0].url}/livez", trust_env=False).status_code == 200
