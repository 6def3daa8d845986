"""`up --demo`: a user with six servers and a week of history, then live readings.

Runs as a child of `up`, so it may be killed and started again at any point: what it made is in `demo.json`, and a
reading that is sent twice is stored once.
"""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.cli.client import Api, Connection, find_connection
from app.cli.console import one_line_errors
from app.cli.curves import DAY, Plant
from app.cli.simulation import stamp
from app.core.settings import get_settings
from app.embedded.folder import read_json, write_json

SERVERS = 6
SEED = 1
HISTORY_DAYS = 7
STEP_SECONDS = 60.0
DEMO_FILE = "demo.json"


@dataclass
class Demo:
    """Whom the demonstration belongs to, and how far it came."""

    username: str
    password: str
    key: str
    seeded: bool = False


@one_line_errors
def demo() -> None:
    """Make the demonstration's user, servers and history once, then simulate their readings."""
    local = find_connection()
    folder = get_settings().data_dir
    known = read_json(folder / DEMO_FILE)
    mine = Demo(**known) if known else _register(local)
    write_json(folder / DEMO_FILE, vars(mine))
    if not mine.seeded:
        with _api(Connection(local.url, mine.key)) as api:
            count = sum(_write_history(api, number) for number in range(1, SERVERS + 1))
        mine.seeded = True
        write_json(folder / DEMO_FILE, vars(mine))
        print(
            f"Demo           {mine.username}, password {mine.password}: {count:,} readings of a week",
            flush=True,
        )
    _simulate(local.url, mine.key)


def history(number: int, end: float) -> Iterator[dict[str, Any]]:
    """A week of readings of a server before `end` (Unix time, seconds), one a minute, gaps and outages left out."""
    plant = Plant(SEED, number)
    last = end // STEP_SECONDS * STEP_SECONDS
    for step in range(int(HISTORY_DAYS * DAY / STEP_SECONDS), 0, -1):
        instant = last - step * STEP_SECONDS
        if not plant.silent(instant) and not plant.dropped(instant):
            yield {"timestamp": stamp(instant), **plant.reading(instant)}


@contextmanager
def _api(connection: Connection) -> Iterator[Api]:
    with httpx.Client(**connection.options()) as client:
        yield Api(connection, client)


def _register(local: Connection) -> Demo:
    """A new user, and a key of their workspace; another name than `demo` if somebody has that."""
    password = secrets.token_urlsafe(12)
    with _api(local) as admin:
        username = "demo"
        body = {"username": username, "password": password}
        if admin.send("POST", "/auth/register", json=body).status_code == httpx.codes.CONFLICT:
            username = f"demo-{secrets.token_hex(3)}"
            admin.post("/auth/register", {"username": username, "password": password})
        token = admin.post("/auth/login", {"username": username, "password": password})["access_token"]
    with _api(Connection(local.url, token)) as user:
        key = user.post("/keys", {"name": "demo", "scopes": ["admin"]})["key"]
    return Demo(username, password, key)


def _write_history(api: Api, number: int) -> int:
    name = f"sim-{number:02d}"
    found = api.get("/servers", name=name) or [api.post("/servers", {"server_name": name})]
    ulid = found[0]["server_ulid"]
    readings = [{"server_ulid": ulid, **reading} for reading in history(number, time.time())]
    api.request("POST", "/data", json=readings)
    return len(readings)


def _simulate(url: str, key: str) -> None:
    """Become the simulation, so that the supervisor has one process to look after."""
    os.environ |= {"SENTINELA_URL": url, "SENTINELA_KEY": key}
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "simulate",
        "--servers",
        str(SERVERS),
        "--seed",
        str(SEED),
        "--quiet",
    ]
    os.execv(sys.executable, command)  # noqa: S606 - a list made here
