"""Sliding windows answer what plain loops over the readings would, sealed and hot mixed at random (R1)."""

import math
import os
import random
from collections.abc import Iterable
from unittest.mock import patch

import numpy as np
import psycopg
import pytest

from app.core.db import Database
from app.readings.engine import outline, sliding, windows
from app.readings.engine.question import Float
from app.readings.engine.sliding import Sliding, TooManyReadings
from app.readings.quantities import ID_OF_NAME
from tests.conftest import NewServer, NewUser
from tests.readings.query.oracle import DAY, HOUR, MINUTE, SECOND, Stored
from tests.readings.query.store import Store, kept_in
from tests.readings.query.windows_oracle import Points, result

CASES = 6_000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 180
QUESTIONS_A_DATASET = 12
# 2026-01-01T00:00:00Z
MIDDLE = 1_767_225_600 * SECOND
SPANS = [90 * SECOND, 40 * MINUTE, 5 * HOUR, 3 * DAY, 40 * DAY]
WIDTHS = [1000, SECOND, 7 * SECOND, MINUTE, 5 * MINUTE, 90 * MINUTE, HOUR, 3 * HOUR, DAY, 30 * DAY]
NAMES = ["temperature", "humidity"]
Which = tuple[int, list[int]]
"""A workspace, and its servers."""


@pytest.fixture(scope="module")
def world(new_user: NewUser, new_server: NewServer, connection: "psycopg.Connection[object]") -> Which:
    user = new_user()
    ulids = [new_server(user).ulid for _ in range(3)]
    rows = connection.execute(
        "SELECT server_id, workspace_id FROM server WHERE server_ulid = ANY(%s) ORDER BY 1", (ulids,)
    ).fetchall()
    found: list[tuple[int, int]] = [tuple(row) for row in rows]  # type: ignore[misc]
    return found[0][1], [server for server, _ in found]


@pytest.fixture(scope="module")
def store(world: Which, connection: "psycopg.Connection[object]") -> Store:
    return Store(connection, {})


def scatter(chance: random.Random, servers: list[int]) -> tuple[list[Stored], list[Stored], list[Stored]]:
    """What is sealed, what is hot, and what that makes together; often at the very border of an hour."""
    span, grid = chance.choice(SPANS), chance.choice([1, SECOND, MINUTE, HOUR])
    sealed: dict[tuple[int, int], dict[str, float]] = {}
    hot: dict[tuple[int, int], dict[str, float]] = {}
    how: dict[tuple[int, int], str] = {}
    for _ in range(chance.choice([1, 4, 40, 200])):
        server = chance.choice(servers)
        ts = MIDDLE + chance.randint(-span // 2, span // 2) // grid * grid
        where = how.setdefault((server, ts // HOUR), chance.choice(["sealed", "sealed", "hot", "both"]))
        for place in kept_in(chance, where):
            names = chance.sample(NAMES, chance.choice([1, 2, 2]))
            row = {name: round(chance.choice([0, 20, 1e7]) + chance.random(), 3) for name in names}
            (sealed if place == "sealed" else hot)[server, ts] = row
    whole = {key: dict(row) for key, row in sealed.items()}
    for key, row in hot.items():
        whole.setdefault(key, {}).update(row)
    return listed(sealed), listed(hot), listed(whole)


def listed(rows: dict[tuple[int, int], dict[str, float]]) -> list[Stored]:
    return [Stored(server, ts, row) for (server, ts), row in rows.items()]


def question(chance: random.Random, servers: list[int], readings: list[Stored]) -> Sliding:
    chosen = servers if chance.random() < 0.6 else sorted(chance.sample(servers, chance.randint(1, 2)))
    name, count = chance.choice(NAMES), chance.choice([1, 2, 17, 60])
    step, width = chance.choice(WIDTHS[1:]), chance.choice(WIDTHS)
    first = chance.choice(readings).ts + chance.choice([0, 0, 1, -1, width, width - 1, -step])
    if chance.random() < 0.5:
        first = first // HOUR * HOUR
    function = chance.choice(list(windows.COLUMNS))
    share = chance.choice([0.0, 0.5, 0.95, 1.0, -1.0, 2.0])
    ends = first + np.arange(count) * step
    return Sliding(np.array(chosen), name, ID_OF_NAME[name], ends, width, function, share)


def expected(asked: Sliding, readings: Iterable[Stored]) -> list[list[float | None]]:
    points: dict[int, Points] = {server: [] for server in asked.servers.tolist()}
    for row in sorted(readings, key=lambda row: row.ts):
        if row.server in points and asked.name in row.values:
            points[row.server].append((row.ts, row.values[asked.name]))
    return [
        [result(asked.function, asked.parameter, of, end, asked.width) for end in asked.ends.tolist()]
        for of in points.values()
    ]


def differ(found: Float, wanted: list[list[float | None]]) -> str:
    for server, (row, of) in enumerate(zip(found.tolist(), wanted, strict=True)):
        for place, (got, value) in enumerate(zip(row, of, strict=True)):
            same = math.isnan(got) if value is None else got == pytest.approx(value, rel=1e-9, abs=1e-7)
            if not same:
                return f"server {server}, window {place}: {got} instead of {value}"
    return ""


async def slid(database: Database, workspace: int, asked: Sliding) -> Float:
    async with database.snapshot(workspace) as connection:
        seen = await outline.overview(connection, asked.question)
        return await sliding.slide(connection, asked, seen)


async def test_every_window_is_that_of_plain_loops(world: Which, store: Store, database: Database) -> None:
    workspace, servers = world
    for seed in range(CASES // QUESTIONS_A_DATASET):
        chance = random.Random(seed)
        sealed, hot, readings = scatter(chance, servers)
        store.clear(servers)
        store.put_sealed(sealed)
        store.put_hot(hot)
        # Every other time in tiles of a few readings and windows of a few points at once.
        tiles, gathered = (3, 5) if seed % 2 else (sliding.TILE_READINGS, windows.GATHERED)
        with patch.object(sliding, "TILE_READINGS", tiles), patch.object(windows, "GATHERED", gathered):
            for number in range(QUESTIONS_A_DATASET):
                asked = question(chance, servers, readings)
                fault = differ(await slid(database, workspace, asked), expected(asked, readings))
                assert not fault, f"seed {seed}, question {number}, {asked}: {fault}"


async def test_hours_that_no_window_cuts_are_not_decoded(world: Which, store: Store, database: Database) -> None:
    workspace, servers = world
    store.clear(servers)
    instants = range(MIDDLE + 3, MIDDLE + 9 * HOUR, 17 * SECOND)
    store.put_sealed(Stored(servers[0], ts, {"temperature": float(ts % 7)}) for ts in instants)
    decoded: list[int] = []
    fetch = sliding.load

    def counting(connection, question, blocks, *more):  # type: ignore[no-untyped-def]
        kept = list(blocks)
        decoded.extend(len(block) for block in kept)
        return fetch(connection, question, kept, *more)

    ends = MIDDLE + np.arange(1, 9) * HOUR
    with patch.object(sliding, "load", counting):
        for function in sorted(windows.STATISTICAL):
            asked = Sliding(np.array(servers[:1]), "temperature", 1, ends, 3 * HOUR, function)
            await slid(database, workspace, asked)
        assert decoded == []
        await slid(database, workspace, Sliding(np.array(servers[:1]), "temperature", 1, ends, 3 * HOUR, "rate"))
        assert sum(decoded) >= 8


async def test_a_window_of_too_many_readings_is_refused_before_it_is_decoded(
    world: Which, store: Store, database: Database
) -> None:
    workspace, servers = world
    store.clear(servers)
    store.put_sealed(Stored(servers[0], MIDDLE + number * SECOND, {"temperature": 1.0}) for number in range(500))
    asked = Sliding(np.array(servers[:1]), "temperature", 1, np.array([MIDDLE + HOUR]), DAY, "quantile", 0.5)
    with patch.object(sliding, "MOST_READINGS", 499), pytest.raises(TooManyReadings):
        await slid(database, workspace, asked)
