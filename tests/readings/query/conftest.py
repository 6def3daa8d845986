"""The engine on the system's database, and a hand that writes past the API."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from app.core.apart import Apart
from app.core.db import Database
from app.core.redis import Cache
from app.core.settings import Settings
from app.readings.series import Series
from tests.database import database
from tests.system import System

__all__ = ["database"]


@pytest.fixture(scope="module")
def connection(system: System) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(system.database_url, autocommit=True) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session")
async def apart(system: System) -> AsyncIterator[Apart]:
    opened = Apart(Settings(database_url=system.database_url, data_dir=system.data_dir))
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def series(database: Database, apart: Apart) -> Series:
    # Nobody listens there: the data changes behind the cache's back.
    return Series(database, Cache(Settings(redis_url="redis://127.0.0.1:1")), apart)
