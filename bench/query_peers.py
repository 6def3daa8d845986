"""Others that answer the same: SQL over rows in the same PostgreSQL, DuckDB and ClickHouse where installed."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
import psycopg
import pyarrow as pa

from app.readings.quantities import NAMES
from bench import sealed_history as history
from bench.sealed_history import FIRST_HOUR, ROWS, Fleet

_BOUNDS = (FIRST_HOUR * 3600, (FIRST_HOUR + 24) * 3600)
_MEANS = ", ".join(f"avg({name})" for name in NAMES)


class Peer(Protocol):
    name: str

    def minutes(self, servers: int) -> None:
        """Minute means of a day of the first servers together."""


def sql_minutes(connection: "psycopg.Connection[Any]", numbers: list[int]) -> None:
    """Minute means of the first day of these servers together, over rows."""
    connection.execute(
        f"SELECT date_bin('1 minute', ts, 'epoch'), {_MEANS} FROM {ROWS} WHERE server_id = ANY(%s)"
        " AND ts >= to_timestamp(%s) AND ts < to_timestamp(%s) GROUP BY 1 ORDER BY 1",
        (numbers, *_BOUNDS),
    ).fetchall()


def copy_out(connection: "psycopg.Connection[Any]", number: int, count: int) -> None:
    """So many rows by binary COPY, thrown away."""
    statement = f"COPY (SELECT * FROM {ROWS} WHERE server_id = {number} ORDER BY ts LIMIT {count})"
    with connection.cursor() as cursor, cursor.copy(f"{statement} TO STDOUT (FORMAT BINARY)".encode()) as copy:
        for _ in copy:
            pass


class DuckDb:
    """The first day of every server in a DuckDB of its own."""

    name = "DuckDB"

    def __init__(self, fleet: Fleet) -> None:
        duckdb: Any = import_module("duckdb")

        self._connection = duckdb.connect()
        self._connection.execute("SET threads = 2")
        table = _table(fleet)
        self._connection.register("made", table)
        self._connection.execute("CREATE TABLE reading AS SELECT * FROM made ORDER BY server, ts")

    def minutes(self, servers: int) -> None:
        self._connection.execute(
            f"SELECT time_bucket(INTERVAL 1 minute, ts), {_MEANS} FROM reading WHERE server < {servers}"
            " GROUP BY 1 ORDER BY 1"
        ).fetchall()


class ClickHouse:
    """The first day of every server in chdb, ClickHouse within this process."""

    name = "ClickHouse (chdb)"

    def __init__(self, fleet: Fleet) -> None:
        chdb: Any = import_module("chdb.session")

        self._session = chdb.Session()
        self._session.query("CREATE DATABASE bench ENGINE = Atomic")
        columns = ", ".join(f"{name} Float64" for name in NAMES)
        self._session.query(
            f"CREATE TABLE bench.reading (server Int32, ts DateTime64(6), {columns})"
            " ENGINE = MergeTree ORDER BY (server, ts)"
        )
        made = _table(fleet)
        globals()["made"] = made
        self._session.query("INSERT INTO bench.reading SELECT server, ts, " + ", ".join(NAMES) + " FROM Python(made)")

    def minutes(self, servers: int) -> None:
        self._session.query(
            f"SELECT toStartOfMinute(ts) AS minute, {_MEANS} FROM bench.reading WHERE server < {servers}"
            " GROUP BY minute ORDER BY minute",
            "Arrow",
        )


def all_of(fleet: Fleet) -> list[Peer]:
    """Whichever are installed."""
    found: list[Peer] = []
    if find_spec("duckdb"):
        found.append(DuckDb(fleet))
    if find_spec("chdb"):
        found.append(ClickHouse(fleet))
    return found


def _table(fleet: Fleet) -> pa.Table:
    parts = []
    for position, number in enumerate(fleet.numbers):
        for at in range(24):
            ts, values = history.hour(FIRST_HOUR + at, number * 7 + at)
            server = pa.array(np.full(len(ts), position, np.int32))
            columns = {"server": server, "ts": pa.array(ts, pa.timestamp("us")), **values}
            parts.append(pa.table(columns))
    return pa.concat_tables(parts).combine_chunks()
