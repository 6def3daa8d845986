"""The forms of statements for tables that Citus spreads answer as those for one machine, on one PostgreSQL."""

import time
from collections.abc import Iterator

import pytest

from app.core import migrate
from app.core.db import Database
from app.core.nature import Nature
from app.core.settings import Settings
from tests.cluster.likeness import make_like_citus
from tests.cluster.story import SECOND, Told, story
from tests.database import beside
from tests.database import empty_database as empty_database
from tests.database import own_database as own_database
from tests.system import System


@pytest.fixture
def like_citus(system: System) -> Iterator[str]:
    """A database with our schema that is taken for a Citus."""
    with beside(system) as url:
        migrate.upgrade(Settings(_env_file=None, database_url=url))
        make_like_citus(url)
        yield url


async def told_of(url: str, now: int) -> tuple[Nature, Told]:
    """What the story tells on a database."""
    database = Database(Settings(_env_file=None, database_url=url))
    try:
        return await database.nature(), await story(database, now)
    finally:
        await database.close()


async def test_the_forms_for_citus_answer_as_those_for_one_machine(own_database: str, like_citus: str) -> None:
    now = time.time_ns() // 1000 // SECOND * SECOND
    nature, usual = await told_of(own_database, now)
    other_nature, spread = await told_of(like_citus, now)
    assert (nature.is_spread, other_nature.is_spread) == (False, True)
    for name, answer in usual.items():
        assert spread[name] == answer, name
    # What the story is about happened.
    assert len(usual["stored"]) > len(usual["left"]) > 0
    assert usual["expired"] == [500, 0]
    assert [each[0].platform_outage_seconds for each in usual["history"][:3]] == [0.25] * 3
