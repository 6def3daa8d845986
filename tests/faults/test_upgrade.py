"""The schema is brought up to date under the version before, while it takes in a thousand readings a second."""

import io
import os
import secrets
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.conftest import Server
from tests.faults.load import RATE, Load, assert_all_there_once
from tests.faults.processes import RECOVERY_SECONDS, until
from tests.system import System, scratch_folder

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
STORED = 10_000_000 if LONG else 10_000
# Longer than a migration waits for a lock: it has to give way and come again.
HELD_SECONDS = 3.0
FILL = """
    INSERT INTO reading
    SELECT -1 - n / 1000000, '2020-01-01Z'::timestamptz + n * interval '1 second', mod(n, 100), 50, 220, 1
    FROM generate_series(0, %s) n
"""


def git(*arguments: str) -> bytes:
    """What git says; nothing where it cannot."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False).stdout


def version_before() -> str:
    """The release before this one, else the newest code with a part of today's migrations; empty without a history."""
    if tag := git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").decode().strip():
        return tag
    today = migrations_of("HEAD")
    for change in git("log", "--first-parent", "--format=%H", "--", "migrations/versions").decode().split():
        if (there := migrations_of(f"{change}^")) and there < today:
            return f"{change}^"
    return ""


def migrations_of(version: str) -> set[str]:
    return set(git("ls-tree", "-r", "--name-only", version, "migrations/versions").decode().split())


def extract(version: str, folder: Path) -> None:
    """The code of a version, to run in this environment."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", version, "app", "migrations", "alembic.ini"))) as archive:
        archive.extractall(folder, filter="data")


@pytest.fixture
def before() -> Iterator[System]:
    """A system of the version before; its commands and processes are that version's."""
    version = version_before()
    if not version:
        pytest.skip("NOT TESTED: an upgrade, for there is no version before this one in a checkout without history")
    machine = System(scratch_folder(), workers=2)
    try:
        extract(version, machine.folder / "before")
        machine.environment["PYTHONPATH"] = str(machine.folder / "before")
        yield machine.start()
    finally:
        machine.close()


def schema(system: System) -> str:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""


def upgrade(system: System) -> None:
    """As a starting API of the new version does it."""
    code = "from app.core.migrate import upgrade; from app.core.settings import get_settings; upgrade(get_settings())"
    env = os.environ | {"DATABASE_URL": system.database_url, "DATA_DIR": str(system.data_dir)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=600)


def hold_tables(system: System, held: threading.Event) -> None:
    """What a dump does: it reads tables in one transaction, and whoever wants to change one has to wait."""
    with psycopg.connect(system.database_url) as connection:
        for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.Identifier(name)))
        held.set()
        time.sleep(HELD_SECONDS)


def new_server(admin: httpx.Client) -> Server:
    made = admin.post("/servers", json={"server_name": f"kept-{secrets.token_hex(4)}"}).raise_for_status().json()
    key = made["device_key"]
    return Server(made["server_ulid"], made["server_name"], key, {"Authorization": f"Bearer {key}"})


@pytest.mark.timeout(1200 if LONG else 600)
def test_an_upgrade_under_live_ingest_fails_no_acknowledgement(before: System) -> None:
    old = schema(before)
    with psycopg.connect(before.database_url) as connection:
        connection.execute(FILL, [STORED])
    headers = {"Authorization": f"Bearer {before.admin_key}"}
    with httpx.Client(base_url=before.url, headers=headers, timeout=60, trust_env=False) as admin:
        server = new_server(admin)
        held = threading.Event()
        reader = threading.Thread(target=hold_tables, args=(before, held))
        with Load(before, server) as load:
            until(lambda: len(load.acknowledged) >= RATE // 2, before)
            reader.start()
            held.wait(RECOVERY_SECONDS)
            upgrade(before)
            reader.join()
            count = len(load.acknowledged)
            until(lambda: len(load.acknowledged) >= count + RATE // 2, before)
        print(f"{old} to {schema(before)}: {load.answers[201]:,} readings, the slowest in {load.slowest:.2f} s")
        assert set(load.answers) == {201}
        assert_all_there_once(admin, server, load)
        before.stop()
        del before.environment["PYTHONPATH"]
        before.start()
        assert_all_there_once(admin, server, load)
