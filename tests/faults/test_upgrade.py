"""The schema is brought up to date while a thousand readings a second come in: each is acknowledged at once."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import Server
from tests.faults.load import RATE, Load, assert_all_there_once
from tests.faults.processes import RECOVERY_SECONDS, until
from tests.system import System

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
# The oldest schema with which this code takes in readings.
FROM = "0044"
STORED = 10_000_000 if LONG else 10_000
# Longer than a migration waits for a lock: it has to give way and come again.
HELD_SECONDS = 3.0
FILL = """
    INSERT INTO reading
    SELECT -1 - n / 1000000, '2020-01-01Z'::timestamptz + n * interval '1 second', mod(n, 100), 50, 220, 1
    FROM generate_series(0, %s) n
"""


def alembic(system: System, *arguments: str) -> None:
    env = os.environ | {"DATABASE_URL": system.database_url, "DATA_DIR": str(system.data_dir)}
    subprocess.run([sys.executable, "-m", "alembic", *arguments], cwd=ROOT, env=env, check=True, timeout=600)


def upgrade(system: System) -> None:
    """As a starting API of the new version does it."""
    code = "from app.core.migrate import upgrade; from app.core.settings import get_settings; upgrade(get_settings())"
    env = os.environ | {"DATABASE_URL": system.database_url, "DATA_DIR": str(system.data_dir)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=600)


def hold_every_table(system: System, held: threading.Event) -> None:
    """What a dump does: it reads tables in one transaction, and whoever wants to change one has to wait."""
    with psycopg.connect(system.database_url) as connection:
        connection.execute("LOCK TABLE job, reading, server, workspace IN ACCESS SHARE MODE")
        held.set()
        time.sleep(HELD_SECONDS)


@pytest.mark.timeout(900 if LONG else 180)
def test_an_upgrade_under_live_ingest_fails_no_acknowledgement(
    own: System, admin: httpx.Client, server: Server
) -> None:
    with psycopg.connect(own.database_url) as connection:
        connection.execute(FILL, [STORED])
    alembic(own, "downgrade", FROM)
    held = threading.Event()
    reader = threading.Thread(target=hold_every_table, args=(own, held))
    with Load(own, server) as load:
        until(lambda: len(load.acknowledged) >= RATE // 2, own)
        reader.start()
        held.wait(RECOVERY_SECONDS)
        upgrade(own)
        reader.join()
        before = len(load.acknowledged)
        until(lambda: len(load.acknowledged) >= before + RATE // 2, own)
    print(f"{load.answers[201]:,} readings acknowledged, the slowest in {load.slowest:.2f} s")
    assert set(load.answers) == {201}
    assert_all_there_once(admin, server, load)
    # Whatever an acknowledgement may take, five times; a queue behind a lock lasts a second.
    assert load.slowest < 5.0
    with psycopg.connect(own.database_url) as connection:
        for table in ("reading", "segment", "segment_column"):
            connection.execute(f"DELETE FROM {table} WHERE server_id < 0")  # type: ignore[arg-type]
