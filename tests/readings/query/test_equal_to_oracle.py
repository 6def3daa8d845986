"""R1: the engine answers what plain loops over the readings would, sealed and hot mixed at random."""

import json
import os
import random
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from app.auth.principals import Principal
from app.core.clock import format_microseconds, parse_instant, to_microseconds
from app.readings.questions import DataQuery
from app.readings.series import Series
from tests.conftest import NewServer, NewUser
from tests.readings.query.oracle import DAY, HOUR, MINUTE, SECOND, Asked, Stored, answer, bucket_of
from tests.readings.query.store import Store, kept_in

CASES = 10_000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 160
QUERIES_A_DATASET = 8
ZONES = ["UTC", "America/Sao_Paulo", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
# Days on which the clocks of these zones are set, and one on which none is.
SETTINGS = [
    parse_instant(text)
    for text in (
        "2018-11-04T03:00:00", "2018-02-18T02:00:00", "2024-03-10T07:00:00", "2024-11-03T06:00:00",
        "2024-04-06T15:00:00", "2024-10-05T15:30:00", "2011-12-30T10:00:00", "2023-06-15T12:00:00",
    )
]  # fmt: skip
SPANS = [90 * SECOND, 40 * MINUTE, 5 * HOUR, 3 * DAY, 40 * DAY, 400 * DAY]
NAMES = ["temperature", "humidity", "pressure"]
FUNCTIONS = [
    "mean", "min", "max", "sum", "count", "first", "last", "median", "p01", "p25", "p95", "p99.9", "stddev", "delta",
    "rate", "integral", "twa", "coverage",
]  # fmt: skip
LENGTHS = {
    "10s": 10 * SECOND, "1m": MINUTE, "minute": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR, "hour": HOUR,
    "6h": 6 * HOUR, "1d": DAY, "day": DAY, "1w": 7 * DAY, "1mo": 31 * DAY, "1y": 366 * DAY,
}  # fmt: skip
# What the plain loops can take.
MOST_BUCKETS = 60


@dataclass(frozen=True)
class World:
    """Three servers of a workspace: numbers ascending, ULIDs, declared seconds, tags."""

    workspace: int
    servers: list[int]
    ulids: dict[int, str]
    seconds: dict[int, float | None]
    sites: dict[int, str | None]


@pytest.fixture(scope="module")
def world(new_user: NewUser, new_server: NewServer, connection: "psycopg.Connection[Any]") -> World:
    user = new_user()
    ulids = [new_server(user).ulid for _ in range(3)]
    rows = connection.execute(
        "SELECT server_id, server_ulid, workspace_id FROM server WHERE server_ulid = ANY(%s) ORDER BY 1", (ulids,)
    ).fetchall()
    servers = [row[0] for row in rows]
    seconds = dict(zip(servers, [1.0, 90.0, None], strict=True))
    sites = dict(zip(servers, ["lisboa", None, "amapa"], strict=True))
    for server in servers:
        tags = json.dumps({"site": sites[server]} if sites[server] else {})
        connection.execute(
            "UPDATE server SET interval_seconds = %s, tags = %s WHERE server_id = %s", (seconds[server], tags, server)
        )
    return World(rows[0][2], servers, {row[0]: row[1] for row in rows}, seconds, sites)


@pytest.fixture(scope="module")
def store(world: World, connection: "psycopg.Connection[Any]") -> Store:
    row = connection.execute(
        "INSERT INTO quantity (workspace_id, name) VALUES (%s, 'pressure') RETURNING quantity_id", (world.workspace,)
    ).fetchone()
    assert row
    return Store(connection, {"pressure": row[0]})


def scatter(chance: random.Random, world: World) -> tuple[list[Stored], list[Stored], list[Stored]]:
    """What is sealed, what is hot, and what that makes together."""
    middle, span = to_microseconds(chance.choice(SETTINGS)), chance.choice(SPANS)
    grid = chance.choice([1, SECOND, MINUTE])
    sealed: dict[tuple[int, int], dict[str, float]] = {}
    hot: dict[tuple[int, int], dict[str, float]] = {}
    how: dict[tuple[int, int], str] = {}
    for _ in range(chance.choice([1, 2, 12, 60])):
        server = chance.choice(world.servers)
        ts = middle + chance.randint(-span // 2, span // 2) // grid * grid
        where = how.setdefault((server, ts // HOUR), chance.choice(["sealed", "hot", "both"]))
        for name in kept_in(chance, where):
            (sealed if name == "sealed" else hot)[server, ts] = values(chance)
    whole: dict[tuple[int, int], dict[str, float]] = {key: dict(row) for key, row in sealed.items()}
    for key, row in hot.items():
        whole.setdefault(key, {}).update(row)
    return listed(sealed), listed(hot), listed(whole)


def values(chance: random.Random) -> dict[str, float]:
    names = chance.sample(NAMES, chance.randint(1, 3))
    return {
        name: round(chance.choice([0, 20, 1000]) + chance.uniform(0, 9), chance.choice([0, 1, 6])) for name in names
    }


def listed(rows: dict[tuple[int, int], dict[str, float]]) -> list[Stored]:
    return [Stored(server, ts, row) for (server, ts), row in rows.items()]


def question(chance: random.Random, world: World, readings: list[Stored]) -> tuple[dict[str, Any], Asked]:
    """A query as parameters, and the same in plain terms."""
    servers = world.servers if chance.random() < 0.5 else sorted(chance.sample(world.servers, chance.randint(1, 2)))
    sent: dict[str, Any] = {} if len(servers) == 3 else {"server_ulid": [world.ulids[server] for server in servers]}
    asked = Asked(servers, [*NAMES[:2], "voltage", "current", "pressure"], seconds=world.seconds)
    asked.zone = sent["tz"] = chance.choice(ZONES)
    bounds(chance, sent, asked, readings)
    if chance.random() < 0.5:
        sent["sensor_type"] = chance.sample(NAMES, chance.randint(1, 2))
        asked.names = [name for name in asked.names if name in sent["sensor_type"]]
    if chance.random() < 0.2:
        sent["where"] = ["temperature>3", "temperature<=1003.5"]
        asked.condition = lambda row: 3 < row.get("temperature", -1) <= 1003.5
    asked.descending = chance.random() < 0.2
    sent["order"] = "desc" if asked.descending else "asc"
    if chance.random() < 0.85:
        compute(chance, world, sent, asked, readings)
    return sent, asked


def bounds(chance: random.Random, sent: dict[str, Any], asked: Asked, readings: list[Stored]) -> None:
    """Often exactly where a reading is, or a bucket begins, or one microsecond off."""
    picked = sorted(chance.choice(readings).ts + chance.choice([-1, 0, 0, 1]) for _ in range(2))
    if chance.random() < 0.3:
        picked[0] = bucket_of(chance.choice(["1h", "1d"]), asked.zone, picked[0])
    if chance.random() < 0.6:
        asked.start = picked[0]
        sent["start_time"] = format_microseconds(picked[0])
    if chance.random() < 0.6:
        asked.end = picked[1]
        sent["end_time"] = format_microseconds(picked[1])


def compute(chance: random.Random, world: World, sent: dict[str, Any], asked: Asked, readings: list[Stored]) -> None:
    asked.functions = chance.sample(FUNCTIONS, chance.choice([1, 1, 2, 4]))
    if "coverage" in asked.functions and any(world.seconds[server] is None for server in asked.servers):
        asked.functions = ["mean"]
    sent["function"] = asked.functions
    span = max(row.ts for row in readings) - min(row.ts for row in readings)
    fitting = [name for name, length in LENGTHS.items() if length * MOST_BUCKETS > span] or ["1y"]
    if chance.random() < 0.85:
        # What is held whole before it is written is refused when it has too many values.
        few = asked.descending or any(name in ("integral", "twa") for name in asked.functions)
        asked.interval = sent["aggregation"] = chance.choice(fitting if few or chance.random() < 0.6 else list(LENGTHS))
    if asked.interval in fitting and asked.interval and chance.random() < 0.5:
        asked.fill = sent["fill"] = chance.choice(["null", "previous", "linear"])
    group(chance, world, sent, asked)


def group(chance: random.Random, world: World, sent: dict[str, Any], asked: Asked) -> None:
    sent_by = chance.choice([None, "server", "tag:site"])
    if sent_by == "server":
        asked.by, asked.label = lambda server: world.ulids[server], "server_ulid"
    elif sent_by:
        asked.by, asked.label = lambda server: world.sites[server], "group"
    if sent_by:
        sent["group_by"] = sent_by


async def rows_of(series: Series, world: World, sent: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], str]:
    asking = await series.ask(Principal(world.workspace, frozenset({"read"})), DataQuery(**sent, **more))
    reply = await asking.reply(3600, "json")
    return json.loads(b"".join([piece async for piece in reply.pieces])), reply.cursor


def plain(rows: list[dict[str, Any]], world: World) -> list[dict[str, Any]]:
    """The oracle's rows as they stand on the wire."""
    shown = []
    for row in rows:
        row = dict(row, timestamp=format_microseconds(row["timestamp"]))
        if isinstance(row.get("server_ulid"), int):
            row["server_ulid"] = world.ulids[row["server_ulid"]]
        shown.append(row)
    return shown


def differ(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    """The first difference; computed values may differ in the last digits."""
    for number, (got, wanted) in enumerate(zip(found, expected, strict=False)):
        if got.keys() != wanted.keys() or any(not alike(got[key], wanted[key]) for key in got):
            return f"row {number}: {got} instead of {wanted}"
    return "" if len(found) == len(expected) else f"{len(found)} rows instead of {len(expected)}: {found} {expected}"


def alike(got: Any, wanted: Any) -> bool:
    if isinstance(got, int | float) and isinstance(wanted, int | float):
        return bool(got == pytest.approx(wanted, rel=1e-9, abs=1e-9))
    return bool(got == wanted)


@pytest.mark.timeout(3600)
async def test_every_answer_is_that_of_the_oracle(world: World, store: Store, series: Series) -> None:
    for seed in range(CASES // QUERIES_A_DATASET):
        chance = random.Random(seed)
        sealed, hot, readings = scatter(chance, world)
        store.clear(world.servers)
        store.put_sealed(sealed)
        store.put_hot(hot)
        for number in range(QUERIES_A_DATASET):
            sent, asked = question(chance, world, readings)
            expected = plain(answer(readings, asked), world)
            found, _ = await rows_of(series, world, sent)
            assert not (fault := differ(found, expected)), f"seed {seed}, query {number}, {sent}: {fault}"
            if chance.random() < 0.2:
                pages = await paged(series, world, sent, chance.choice([1, 2, 7]))
                # Coverage up to now is less with each time it is asked.
                assert not (fault := differ(pages, found)), f"seed {seed}, query {number}, {sent}, in pages: {fault}"


async def paged(series: Series, world: World, sent: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """All pages, one behind the other."""
    rows, cursor = await rows_of(series, world, sent, limit=limit)
    while cursor:
        more, cursor = await rows_of(series, world, sent, limit=limit, cursor=cursor)
        assert len(more) <= limit
        rows += more
    return rows
