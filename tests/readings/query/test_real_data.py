"""The library's readings answer alike, sealed and hot."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.auth.principals import Principal
from app.core.clock import parse_instant, to_microseconds
from app.readings.questions import DataQuery
from app.readings.series import Series
from tests.conftest import NewServer, NewUser
from tests.readings.query.oracle import Stored
from tests.readings.query.store import Store

FILE = Path(__file__).parents[2] / "data" / "library1.csv.gz"
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"sensor_type": ["humidity"], "order": "desc", "where": ["temperature>22"]},
    {"aggregation": "1m"},
    {"aggregation": "hour", "function": ["mean", "min", "max", "sum", "count", "stddev", "first", "last"]},
    {"aggregation": "day", "tz": "Europe/Brussels", "function": ["median", "p95", "twa", "integral", "delta", "rate"]},
    {"aggregation": "6h", "tz": "Asia/Kathmandu", "fill": "linear"},
    {"function": ["mean", "stddev", "p99.9"]},
    {"max_points": 100, "sensor_type": ["voltage"]},
]


def read(servers: dict[str, int]) -> list[Stored]:
    """Each (node, timestamp) once."""
    found = {}
    with gzip.open(FILE, "rt") as file:
        for row in csv.DictReader(file):
            ts = to_microseconds(parse_instant(row["timestamp"]))
            values = {name: float(row[name]) for name in ("temperature", "humidity", "voltage") if row[name]}
            found[row["node"], ts] = Stored(servers[row["node"]], ts, values)
    return list(found.values())


def nodes() -> list[str]:
    with gzip.open(FILE, "rt") as file:
        return sorted({row["node"] for row in csv.DictReader(file)}, key=int)


@pytest.mark.parametrize("by_node", [False, True])
async def test_sealed_and_hot_answer_alike(
    new_user: NewUser, new_server: NewServer, connection: "psycopg.Connection[Any]", series: Series, by_node: bool
) -> None:
    answers = []
    for seal in (True, False):
        user = new_user()
        ulids = {node: new_server(user).ulid for node in nodes()}
        rows = connection.execute(
            "SELECT server_ulid, server_id, workspace_id FROM server WHERE server_ulid = ANY(%s)",
            (list(ulids.values()),),
        ).fetchall()
        numbers = {ulid: number for ulid, number, _ in rows}
        store = Store(connection, {})
        (store.put_sealed if seal else store.put_hot)(read({node: numbers[ulid] for node, ulid in ulids.items()}))
        names = {ulid: node for node, ulid in ulids.items()}
        answers.append([await ask(series, rows[0][2], names, question, by_node) for question in QUESTIONS])
        store.clear(numbers.values())
    for question, sealed, hot in zip(QUESTIONS, *answers, strict=True):
        assert len(sealed) == len(hot) > 0, question
        for one, other in zip(sealed, hot, strict=True):
            assert texts(one) == texts(other), question
            assert numbers_of(one) == pytest.approx(numbers_of(other), rel=1e-9), question


def texts(row: dict[str, Any]) -> dict[str, Any]:
    """What must be alike to the letter: instants, servers, nulls."""
    return {name: value for name, value in row.items() if value is None or isinstance(value, str)}


def numbers_of(row: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if isinstance(value, int | float)}


async def ask(
    series: Series, workspace: int, names: dict[str, str], question: dict[str, Any], by_node: bool
) -> list[dict[str, Any]]:
    """The rows, with the nodes' names for the servers."""
    computes = "aggregation" in question or "function" in question
    query = DataQuery(**question, **({"group_by": "server"} if by_node and computes else {}))
    asking = await series.ask(Principal(workspace, frozenset({"read"})), query)
    reply = await asking.reply(3600, "json")
    rows = json.loads(b"".join([piece async for piece in reply.pieces]))
    return [{**row, "server_ulid": names[row["server_ulid"]]} if "server_ulid" in row else row for row in rows]
