"""The engine on the system's database, and a hand that writes past the API."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

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


@pytest.fixture(scope="module")
def series(database: Database) -> Series:
    # Nobody listens there: the data changes behind the cache's back.
    return Series(database, Cache(Settings(redis_url="redis://127.0.0.1:1")))
