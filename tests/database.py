"""Fixtures for tests of what happens inside PostgreSQL; modules import them by name."""

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from app.core import migrate
from app.core.db import Database
from app.core.settings import Settings
from tests.system import System


@pytest.fixture(scope="session")
async def database(system: System) -> AsyncIterator[Database]:
    """The system's database, through our own layer."""
    opened = Database(Settings(database_url=system.database_url, redis_url=system.redis_url, data_dir=system.data_dir))
    yield opened
    await opened.close()


@contextmanager
def beside(system: System) -> Iterator[str]:
    """A database beside the system's, without a schema."""
    name = f"beside_{os.getpid()}_{time.monotonic_ns()}"
    password = (system.data_dir / "postgres" / "password").read_text().strip()
    url = make_url(system.database_url).set(username="postgres", password=password)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield url.set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def empty_database(system: System) -> Iterator[str]:
    """Such a database."""
    with beside(system) as url:
        yield url


@pytest.fixture
def own_database(system: System, empty_database: str) -> str:
    """Likewise, with our schema."""
    migrate.upgrade(Settings(database_url=empty_database, data_dir=system.data_dir))
    return empty_database
