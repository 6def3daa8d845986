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
