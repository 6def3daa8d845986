"""What the database keeps of a secret is a hash: the secret itself stands in no column of any table."""

import re

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.conftest import Server, User
from tests.contract.calls import new_key, session_of
from tests.system import System

# Tells the kinds of keys apart; it is no secret.
PREFIX = re.compile(r"^snt_[a-z]_")


def columns_with(connection: psycopg.Connection[tuple[str, str]], secret: str) -> list[str]:
    """The tables in any of whose rows the secret stands, as text or as the hexadecimal of bytes."""
    tables = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    found = []
    for schema, table in tables:
        name = sql.Identifier(schema, table)
        query = sql.SQL(
            "SELECT count(*) FROM {} AS t WHERE position(%s IN t::text) + position(%s IN t::text) > 0"
        ).format(name)
        row = connection.execute(query, (secret, secret.encode().hex())).fetchone()
        if row and row[0]:
            found.append(table)
    assert tables, "nothing was searched"
    return found


def test_no_secret_is_stored(client: httpx.Client, system: System, user: User, server: Server) -> None:
    session = session_of(client, user)
    secrets = {
        "password": user.password,
        "device key": server.device_key,
        "API key": new_key(client, user)["key"],
        "refresh token": session["refresh_token"],
        "access token": session["access_token"],
    }
    with psycopg.connect(system.database_url) as connection:
        for kind, secret in secrets.items():
            assert columns_with(connection, secret) == [], kind
            assert columns_with(connection, PREFIX.sub("", secret)) == [], f"the {kind} without its prefix"
        assert columns_with(connection, user.username) != [], "the search finds what is stored"


def test_a_secret_in_a_log_would_be_found(system: System, user: User, server: Server) -> None:
    """The end of the run asserts that there is none: see the fixture `system`."""
    planted = system.data_dir / "logs" / "planted.log"
    webhook = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    own = (system.data_dir / "secret_key").read_text().strip()
    codes = ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "JBSW-Y3DP-EHPK-3PXP")
    for secret in (user.token, user.password, server.device_key, webhook, own, "$argon2id$v=19$m=65536", *codes):
        planted.write_text(f"something with {secret} in it\n")
        assert len([line for line in system.leaks() if secret in line]) == 1
    planted.unlink()
    assert system.leaks() == []


def test_what_goes_wrong_shows_no_secret(client: httpx.Client, system: System, user: User, server: Server) -> None:
    """Secrets where they do not belong are neither logged nor repeated."""
    key = new_key(client, user)["key"]
    for secret in (user.token, server.device_key, key, user.password):
        answers = [
            client.get(f"/servers/{secret[:90] if secret != user.password else 'a'}", headers=user.headers),
            client.get("/data", params={"server_ulid": secret, "token": secret}, headers=user.headers),
            client.post("/auth/login", json={"username": secret[:200], "password": secret}),
            client.post("/auth/refresh", json={"refresh_token": secret[:200]}),
            client.post("/invitations/show", json={"token": secret[:200]}),
            client.post("/servers", json={"server_name": 7, secret: secret}, headers=user.headers),
            client.get("/auth/me", headers={"Authorization": f"Basic {secret}"}),
        ]
        assert [answer.status_code for answer in answers if answer.status_code < 400] == []
        log = system.output.read_text(errors="replace")
        assert "/invitations/show" in log, "these requests are logged"
        assert secret not in log


def test_a_password_is_hashed_with_argon2id(system: System, user: User) -> None:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute(
            "SELECT password_hash FROM user_account WHERE username = %s", (user.username,)
        ).fetchone()
    assert row
    assert row[0].startswith("$argon2id$")


@pytest.mark.parametrize("name", ["cli.json", "run.json", "secret_key"])
def test_files_with_secrets_are_their_owners_alone(system: System, name: str) -> None:
    assert (system.data_dir / name).stat().st_mode & 0o077 == 0
