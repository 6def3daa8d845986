"""The migrations on databases of their own in the running PostgreSQL."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from app.core import migrate, nature
from app.core.clock import to_microseconds
from app.core.db import Database
from app.core.settings import Settings
from app.presence.service import Arrivals
from app.readings.ingest import GroupCommit
from app.readings.rows import Reading
from tests.system import System

ROOT = Path(__file__).parents[2]
MakeDatabase = Callable[[str], Settings]


@pytest.fixture
def make_database(system: System) -> Iterator[MakeDatabase]:
    """Makes an empty database that a new role with the given attributes owns; its settings."""
    made: list[str] = []
    password_file = system.data_dir / "postgres" / "password"
    root = make_url(system.database_url).set(username="postgres", password=password_file.read_text().strip())
    superuser = root.render_as_string(hide_password=False)

    def make(attributes: str) -> Settings:
        name, password = f"test_{secrets.token_hex(6)}", secrets.token_hex(16)
        with psycopg.connect(superuser, autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {attributes}")  # type: ignore[arg-type]
            admin.execute(f"CREATE DATABASE {name} OWNER {name}")  # type: ignore[arg-type]
        made.append(name)
        url = make_url(system.database_url).set(username=name, password=password, database=name)
        return Settings(database_url=url.render_as_string(hide_password=False), data_dir=system.data_dir)

    yield make
    with psycopg.connect(superuser, autocommit=True) as admin:
        for name in made:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
            admin.execute(f"DROP ROLE {name}")  # type: ignore[arg-type]


def alembic(settings: Settings, *arguments: str) -> None:
    env = os.environ | {"DATABASE_URL": settings.database_url, "DATA_DIR": str(settings.data_dir)}
    subprocess.run([sys.executable, "-m", "alembic", *arguments], cwd=ROOT, env=env, check=True, timeout=60)


def test_the_mapped_classes_are_what_the_migrations_build(make_database: MakeDatabase) -> None:
    settings = make_database("")
    migrate.upgrade(settings)
    alembic(settings, "check")


def test_every_migration_can_be_taken_back_and_done_again(make_database: MakeDatabase) -> None:
    settings = make_database("CREATEROLE")
    migrate.upgrade(settings)
    alembic(settings, "downgrade", "base")
    alembic(settings, "upgrade", "head")


def test_processes_that_start_together_migrate_once(make_database: MakeDatabase) -> None:
    settings = make_database("")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate.upgrade, [settings] * 6))
    alembic(settings, "check")


def test_a_schema_that_is_newer_than_the_code_is_left_alone(make_database: MakeDatabase) -> None:
    """An older process starts again in the middle of an upgrade, or somebody goes back to the version before."""
    settings = make_database("")
    migrate.upgrade(settings)
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    migrate.upgrade(settings)
    with psycopg.connect(settings.database_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


@pytest.mark.parametrize("attributes", ["NOCREATEROLE", "CREATEROLE"])
async def test_ingest_works_with_the_single_role_of_a_given_url(make_database: MakeDatabase, attributes: str) -> None:
    settings = make_database(attributes)
    migrate.upgrade(settings)
    database = Database(settings)
    commits = GroupCommit(database, backlog_limit=10, arrivals=Arrivals(10))
    commits.start()
    reading = Reading(1, to_microseconds(datetime(2026, 1, 1, tzinfo=UTC)), {"temperature": 1.5})
    await commits.submit(reading)
    await commits.submit(reading)
    await commits.close()
    await database.close()


async def test_a_server_that_has_never_had_the_two_roles_is_used_without_them(make_database: MakeDatabase) -> None:
    """Roles are of the whole server, so others' stand in for those that are missing: by names that nobody has."""
    settings = make_database("NOCREATEROLE")
    migrate.upgrade(settings)
    unknown = nature._HAS_ROLES.replace("sentinela_reader", "nobody_reader").replace(
        "sentinela_writer", "nobody_writer"
    )
    with psycopg.connect(settings.database_url) as connection:
        assert connection.execute(unknown).fetchone() == (False,)


def test_a_wrong_password_is_one_line_without_the_password(make_database: MakeDatabase) -> None:
    url = make_url(make_database("").database_url).set(password="wrong-password-here")
    settings = Settings(database_url=url.render_as_string(hide_password=False))
    with pytest.raises(migrate.DatabaseUnavailable) as refused:
        migrate.upgrade(settings)
    assert "password authentication failed" in str(refused.value)
    assert "wrong-password-here" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not refused.value.may_recover


# Deleting what these refer to looks at every row: the tables stay small.
SMALL = {"invitation.created_by", "credential.created_by"}
FOLLOWED = """
    SELECT relname || '.' || attname FROM pg_constraint
    JOIN pg_class ON pg_class.oid = conrelid
    JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = conrelid AND indpred IS NULL AND indkey[0] = conkey[1])
    ORDER BY 1
"""


def test_deleting_a_row_finds_what_refers_to_it_by_an_index(system: System) -> None:
    """PostgreSQL looks for the rows that refer to a deleted one, each time; without an index, through all of them."""
    with psycopg.connect(system.database_url) as connection:
        found = {name for (name,) in connection.execute(FOLLOWED)}
    assert found == SMALL
