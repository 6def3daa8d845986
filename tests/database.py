"""The fixture `database`, for tests of what happens inside PostgreSQL; modules import it by name."""

from collections.abc import AsyncIterator

import pytest

from app.core.db import Database
from app.core.settings import Settings
from tests.system import System


@pytest.fixture(scope="session")
async def database(system: System) -> AsyncIterator[Database]:
    """The system's database, through our own layer."""
    opened = Database(Settings(database_url=system.database_url, redis_url=system.redis_url, data_dir=system.data_dir))
    yield opened
    await opened.close()
