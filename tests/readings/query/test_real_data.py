"""The library's readings answer alike, hot, sealed by the sealer, and imported straight into segments."""

import csv
import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from app.auth.principals import Principal
from app.core.clock import parse_instant, to_microseconds
from app.core.copy import WriterConnection
from app.core.db import Database
from app.readings import sealing, segment_queries
from app.readings.cells import cells_of
from app.readings.questions import DataQuery
from app.readings.segments import HOUR
from app.readings.series import Series
from tests.conftest import NewServer, NewUser, User
from tests.readings.query.oracle import Stored
from tests.readings.query.store import Store

FILE = Path(__file__).parents[2] / "data" / "library1.csv.gz"
# Rows and payloads; headers of rows and pages would say more about the test's database.
BYTES: LiteralString = """
    SELECT (SELECT sum(pg_column_size(segment.*)) FROM segment WHERE server_id = ANY(%s))
         + (SELECT sum(pg_column_size(stored.*)) FROM segment_column AS stored WHERE server_id = ANY(%s))
"""
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


async def test_hot_sealed_and_imported_answer_alike(
    client: httpx.Client,
    new_user: NewUser,
    new_server: NewServer,
    connection: "psycopg.Connection[Any]",
    database: Database,
    series: Series,
    record_property: Callable[[str, object], None],
) -> None:
    # Held, so that no sealer but the one below takes the hot rows.
    connection.execute(segment_queries.TRY_LOCK_SEALER.replace("pg_try_", "pg_"))
    answers: dict[str, list[list[dict[str, Any]]]] = {}
    for form in ("hot", "sealed", "imported"):
        user = new_user()
        ulids = {node: new_server(user).ulid for node in nodes()}
        rows = connection.execute(
            "SELECT server_ulid, server_id, workspace_id FROM server WHERE server_ulid = ANY(%s)",
            (list(ulids.values()),),
        ).fetchall()
        numbers = {ulid: number for ulid, number, _ in rows}
        stored = read({node: numbers[ulid] for node, ulid in ulids.items()})
        store = Store(connection, {})
        if form == "imported":
            import_file(client, user, ulids)
        else:
            store.put_hot(stored)
        if form == "sealed":
            await seal(database, sorted({(row.server, row.ts // HOUR) for row in stored}))
        hot = count(connection, "SELECT count(*) FROM reading WHERE server_id = ANY(%s)", numbers)
        assert hot == (len(stored) if form == "hot" else 0)
        if form != "hot":
            size = count(connection, BYTES, numbers) / len(stored)
            record_property(f"bytes a reading, {form}", round(size, 2))
            # 127 readings of three quantities an hour; as rows they take 108 bytes.
            assert size < 15
        names = {ulid: node for node, ulid in ulids.items()}
        answers[form] = [
            await ask(series, rows[0][2], names, question, by_node)
            for question in QUESTIONS
            for by_node in (False, True)
        ]
        store.clear(numbers.values())
    connection.execute(segment_queries.TRY_LOCK_SEALER.replace("pg_try_advisory_lock", "pg_advisory_unlock"))
    for form in ("sealed", "imported"):
        for one, other in zip(answers[form], answers["hot"], strict=True):
            assert_alike(one, other)


def import_file(client: httpx.Client, user: User, ulids: dict[str, str]) -> None:
    """The file as it is; the nodes' names are put into its first column."""
    with gzip.open(FILE, "rt") as file:
        head, *lines = file.read().splitlines()
    text = "\n".join(
        [head, *(ulids[node] + rest for node, rest in (re.split(r"(?=,)", line, maxsplit=1) for line in lines))]
    )
    headers = {**user.headers, "Content-Type": "text/csv"}
    job = client.post("/imports", params={"server_column": "node"}, content=text, headers=headers).raise_for_status()
    deadline = time.monotonic() + 60
    while (done := client.get(f"/jobs/{job.json()['job_id']}", headers=user.headers).json())["state"] != "done":
        assert time.monotonic() < deadline, done
        time.sleep(0.1)
    assert done["result"]["rejected_count"] == 0


async def seal(database: Database, cells: list[tuple[int, int]]) -> None:
    writer = WriterConnection(database)
    for start in range(0, len(cells), sealing.SLICE_CELLS):
        await sealing.seal_slice(writer, cells_of(cells[start : start + sealing.SLICE_CELLS]))
    await writer.close()


def count(connection: "psycopg.Connection[Any]", statement: LiteralString, numbers: dict[str, int]) -> int:
    row = connection.execute(statement, [list(numbers.values())] * statement.count("%s")).fetchone()
    return int(row[0]) if row else 0


def assert_alike(answer: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    assert len(answer) == len(other) > 0
    for one, two in zip(answer, other, strict=True):
        assert texts(one) == texts(two)
        assert numbers_of(one) == pytest.approx(numbers_of(two), rel=1e-9)


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
