"""PostgreSQL and Valkey as `up` runs them, seen from outside."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.embedded import valkey
from tests.system import System

PRIVATE = (
    "run.json",
    "cli.json",
    "secret_key",
    "database_password",
    "up.lock",
    "valkey/password",
    "valkey/valkey.conf",
)


@pytest.fixture
def database(system: System) -> Iterator[psycopg.Connection]:
    with psycopg.connect(system.database_url) as connection:
        yield connection


def shown(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row
    return str(row[0])


def test_an_acknowledged_commit_is_on_disk(database: psycopg.Connection) -> None:
    stock = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
    assert {name: shown(database, name) for name in stock} == dict.fromkeys(stock, "on")


def test_postgresql_is_reached_from_this_machine_alone(system: System) -> None:
    password = (system.data_dir / "postgres" / "password").read_text()
    with psycopg.connect(system.database_url, user="postgres", password=password, dbname="postgres") as superuser:
        assert shown(superuser, "listen_addresses") == "127.0.0.1"
        assert shown(superuser, "unix_socket_directories") == ""


def test_application_is_no_superuser(database: psycopg.Connection) -> None:
    row = database.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False, False)
    assert shown(database, "is_superuser") == "off"


@pytest.mark.parametrize("user", ["sentinela", "postgres"])
def test_postgresql_refuses_another_password(system: System, user: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(system.database_url, user=user, password="guess", dbname="postgres")


def test_valkey_keeps_what_it_was_told_and_evicts_nothing(system: System) -> None:
    with redis.Redis.from_url(system.redis_url, decode_responses=True) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_valkey_refuses_whoever_has_no_password(system: System) -> None:
    port = int(system.redis_url.rpartition(":")[2].partition("/")[0])
    for password in (None, "guess"):
        once = Retry(NoBackoff(), 0)
        with redis.Redis(port=port, password=password, retry=once) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


@pytest.mark.parametrize("name", PRIVATE)
def test_secrets_are_readable_by_their_owner_alone(system: System, name: str) -> None:
    assert stat.S_IMODE((system.data_dir / name).stat().st_mode) == 0o600


def test_no_password_stands_on_a_command_line(system: System) -> None:
    secrets = [(system.data_dir / name).read_text().strip() for name in ("database_password", "valkey/password")]
    secrets += [(system.data_dir / "postgres" / "password").read_text().strip(), system.admin_key]
    command_lines = [" ".join(child.cmdline()) for child in system.descendants()]
    assert any("postgres" in line for line in command_lines)
    assert not [line for line in command_lines if any(secret in line for secret in secrets)]


def test_a_valkey_that_is_busy_loading_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"redis://127.0.0.1:{port}"
        assert not valkey.answers(valkey.Valkey(Path("valkey-server"), Path(), port, url))
