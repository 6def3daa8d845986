"""The Citus that SENTINELA_TEST_CITUS names: a database of no other use, on a coordinator with at least one worker."""

import os

import psycopg
import pytest

from app.cluster import distributing
from app.core import migrate
from app.core.settings import Settings

SHARDS = 32


def citus_or_skip(what: str) -> str:
    """Its address; skips the test where there is none, and says what is not tested."""
    url = os.environ.get("SENTINELA_TEST_CITUS")
    if not url:
        pytest.skip(f"NOT TESTED: {what}, for SENTINELA_TEST_CITUS names no Citus (docs/scaling.md, Citus)")
    return url


def distributed(url: str) -> str:
    """With our schema, and its growing tables distributed."""
    migrate.upgrade(Settings(_env_file=None, database_url=url))
    with psycopg.connect(url, autocommit=True) as connection:
        distributing.distribute(connection, SHARDS, lambda *_: None)
    return url
