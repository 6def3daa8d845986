"""The newest values equal a plain dictionary's, wherever the readings stand: hot, sealed, or partly both."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pytest

from app.core.clock import format_microseconds
from app.core.db import Database
from app.readings.quantities import ID_OF_NAME
from app.readings.segments import HOUR, encode
from tests.conftest import NewServer, NewUser
from tests.contract.calls import stamp
from tests.contract.test_latest import latest
from tests.database import database  # noqa: F401

FIRST_HOUR = 474_000
Reading = tuple[int, dict[str, float]]
"""Instant and values."""


def random_readings(chance: random.Random, names: Sequence[str]) -> list[Reading]:
    """Some readings over three hours; each has some of the quantities."""
    seconds = sorted(chance.sample(range(3 * 3600), chance.randint(1, 40)))
    readings = []
    for second in seconds:
        chosen = [name for name in names if chance.random() < chance.choice((0.1, 0.9))] or [chance.choice(names)]
        ts = FIRST_HOUR * HOUR + second * 1_000_000
        readings.append((ts, {name: round(chance.uniform(1, 50), 2) for name in chosen}))
    return readings


async def seal(database: Database, server_id: int, readings: Sequence[Reading], numbers: dict[str, int]) -> None:  # noqa: F811
    """Write hours as segments."""
    connection = await database.connect()
    async with connection:
        for hour in sorted({ts // HOUR for ts, _ in readings}):
            within = [reading for reading in readings if reading[0] // HOUR == hour]
            ts = np.array([ts for ts, _ in within])
            columns = {
                number: np.array([values.get(name, np.nan) for _, values in within])
                for name, number in numbers.items()
                if any(name in values for _, values in within)
            }
            segment = encode(hour, ts, columns)
            instants = [datetime.fromtimestamp(each / 1e6, UTC) for each in (segment.first_ts, segment.last_ts)]
            await connection.execute(
                "INSERT INTO segment VALUES (%s, %s, %s, %s, %s, %s)",
                (server_id, hour, segment.count, *instants, segment.timestamps),
            )
            for each in segment.columns:
                of = each.statistics
                await connection.execute(
                    "INSERT INTO segment_column VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    (server_id, hour, each.quantity_id, of.count, of.sum, of.m2, of.min, of.max, of.first, of.last,
                     each.payload),
                )  # fmt: skip


def expected(readings: Sequence[Reading]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for ts, values in readings:
        found |= {name: {"timestamp": format_microseconds(ts), "value": value} for name, value in values.items()}
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_newest_values_equal_a_dictionary(
    client: httpx.Client,
    new_user: NewUser,
    new_server: NewServer,
    database: Database,  # noqa: F811
    seed: int,
) -> None:
    chance = random.Random(seed)
    user = new_user()
    names = ["temperature", "humidity", "voltage", "pressure"]
    servers = {new_server(user).ulid: random_readings(chance, names) for _ in range(3)}
    first = next(iter(servers))
    client.post(
        "/data", json={"server_ulid": first, "timestamp": stamp(days=-900), "pressure": 1}, headers=user.headers
    ).raise_for_status()
    servers[first] = [(0, {"pressure": 1.0}), *servers[first]]
    async with await database.connect() as connection:
        rows = await (await connection.execute("SELECT server_ulid, server_id FROM server")).fetchall()
        quantities = await (await connection.execute("SELECT name, quantity_id FROM quantity ORDER BY 2")).fetchall()
    numbers = ID_OF_NAME | {name: number for name, number in quantities if name == "pressure"}
    for ulid, readings in servers.items():
        cut = chance.choice((0, len(readings) // 2, len(readings)))
        sealed = [reading for reading in readings[:cut] if reading[0]]
        hot = [reading for reading in readings if reading not in sealed and reading[0]]
        await seal(database, dict(rows)[ulid], sealed, numbers)
        body = [{"server_ulid": ulid, "timestamp": format_microseconds(ts), **values} for ts, values in hot]
        chance.shuffle(body)
        for document in body:
            client.post("/data", json=document, headers=user.headers).raise_for_status()
    shown = {row["server_ulid"]: row["values"] for row in latest(client, user)}
    for ulid, readings in servers.items():
        wanted = expected(readings)
        if wanted.get("pressure", {}).get("timestamp") == "1970-01-01T00:00:00Z":
            wanted["pressure"]["timestamp"] = stamp(days=-900)
        assert shown[ulid] == wanted
