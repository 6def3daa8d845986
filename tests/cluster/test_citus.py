"""The application on a real Citus answers as on one PostgreSQL."""

import time

from tests.cluster.citus import citus_or_skip, distributed
from tests.cluster.story import SECOND
from tests.cluster.test_forms import told_of
from tests.database import empty_database as empty_database
from tests.database import own_database as own_database


async def test_all_that_is_done_with_readings_is_done_on_citus_too(own_database: str) -> None:
    url = distributed(citus_or_skip("the application on distributed tables"))
    now = time.time_ns() // 1000 // SECOND * SECOND
    _, usual = await told_of(own_database, now)
    nature, spread = await told_of(url, now)
    assert nature.is_spread
    for name, answer in usual.items():
        assert spread[name] == answer, name
