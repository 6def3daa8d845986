"""One of several watchers leads; whatever befalls it, a standby takes over within five seconds."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from app.core import db, leader, migrate
from app.core.copy import Connection
from app.core.db import Database
from app.core.settings import Settings
from app.watcher import WATCHER_LOCK
from tests.database import database as database
from tests.system import System, clean_environment, scratch_folder

# Five times the promise, because test machines are slow and busy.
TAKES_OVER_SECONDS = 25.0


class Watcher:
    """A watcher of our own on a database of its own."""

    def __init__(self, folder: Path, url: str, redis_url: str) -> None:
        self.log = folder / f"watcher-{time.monotonic_ns()}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.watcher"],
                env=clean_environment(DATABASE_URL=url, REDIS_URL=redis_url, DATA_DIR=str(folder)),
                stdout=output,
                stderr=output,
            )

    def leads(self) -> bool:
        return '"leading"' in self.log.read_text()

    def stands_by(self) -> bool:
        return '"standing_by"' in self.log.read_text()


@pytest.fixture
def empty_database(system: System) -> Iterator[str]:
    """A database beside the system's, without a schema."""
    name = f"watched_{os.getpid()}_{time.monotonic_ns()}"
    password = (system.data_dir / "postgres" / "password").read_text().strip()
    url = make_url(system.database_url).set(username="postgres", password=password)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield url.set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def own_database(system: System, empty_database: str) -> str:
    """Likewise, with our schema."""
    migrate.upgrade(Settings(database_url=empty_database, data_dir=system.data_dir))
    return empty_database


@pytest.fixture
def pair(system: System, own_database: str) -> Iterator[list[Watcher]]:
    """A leader and a standby, in this order."""
    folder = scratch_folder()
    watchers = [Watcher(folder, own_database, system.redis_url)]
    try:
        until(watchers[0].leads)
        watchers.append(Watcher(folder, own_database, system.redis_url))
        until(watchers[1].stands_by)
        time.sleep(2)
        assert not watchers[1].leads(), "two lead"
        yield watchers
    finally:
        for watcher in watchers:
            watcher.process.kill()
            watcher.process.wait()


def until(condition: "object", seconds: float = TAKES_OVER_SECONDS) -> float:
    begun = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_standby_takes_over(pair: list[Watcher], blow: signal.Signals) -> None:
    leader, standby = pair
    leader.process.send_signal(blow)
    took = until(standby.leads)
    print(f"took over after {took:.1f} s")


def test_a_leader_that_was_frozen_stands_by_when_it_thaws(pair: list[Watcher], own_database: str) -> None:
    leader, standby = pair
    leader.process.send_signal(signal.SIGSTOP)
    until(standby.leads)
    leader.process.send_signal(signal.SIGCONT)
    time.sleep(2)
    with psycopg.connect(own_database) as connection:
        held = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND ((classid::bigint << 32) | "
            "objid::bigint) = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (WATCHER_LOCK,),
        ).fetchone()
    assert held == (1,)
    assert leader.process.poll() is None, "it waits for its turn"
    assert "leader_waits_for_database" in leader.log.read_text()


def test_a_stop_is_swift(pair: list[Watcher]) -> None:
    for watcher in pair:
        watcher.process.send_signal(signal.SIGTERM)
        assert watcher.process.wait(10) == 0


@pytest.mark.long
def test_a_watcher_that_comes_before_the_schema_waits_for_it(system: System, empty_database: str) -> None:
    """And likewise one that is newer than the schema, while the API migrates."""
    watcher = Watcher(scratch_folder(), empty_database, system.redis_url)
    try:
        until(lambda: "leader_waits_for_schema" in watcher.log.read_text())
        migrate.upgrade(Settings(database_url=empty_database, data_dir=system.data_dir))
        until(watcher.leads)
        with psycopg.connect(empty_database, autocommit=True) as admin:
            admin.execute("ALTER TABLE rule RENAME schedule TO of_before")
            until(lambda: watcher.log.read_text().count("leader_waits_for_schema") > 1)
            admin.execute("ALTER TABLE rule RENAME of_before TO schedule")
        until(lambda: watcher.log.read_text().count('"leading"') > 1)
        assert watcher.process.poll() is None
    finally:
        watcher.process.kill()
        watcher.process.wait()


async def test_a_leader_that_fell_idle_within_a_transaction_leads_again(database: Database) -> None:
    stop, turns = asyncio.Event(), 0

    async def work(connection: Connection) -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            return stop.set()
        await connection.execute("SET idle_in_transaction_session_timeout = '100ms'")
        async with db.transaction(connection):
            await connection.execute("SELECT")
            await asyncio.sleep(0.5)
            await connection.execute("SELECT")
        return None

    await leader.lead(database, WATCHER_LOCK + 1, work, stop)
    assert turns == 2
