"""Readings put where a query may find them: sealed, hot, or a bit of both."""

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from app.readings import quarters
from app.readings.quantities import ID_OF_NAME, NAMES
from app.readings.segments import HOUR, encode
from tests.readings.query.oracle import Stored

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TABLES = ("reading", "segment", "segment_column")


def kept_in(chance: random.Random, where: str) -> list[str]:
    """Where a reading of an hour lies that is `sealed`, `hot` or `both`: in at least one of the two."""
    return chance.choice([["sealed"], ["hot"], ["sealed", "hot"]]) if where == "both" else [where]


class Store:
    """Writes past the API, for a few servers and one custom quantity."""

    def __init__(self, connection: "psycopg.Connection[Any]", custom: dict[str, int]) -> None:
        self._connection = connection
        self._ids = ID_OF_NAME | custom

    def clear(self, servers: Iterable[int]) -> None:
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table} WHERE server_id = ANY(%s)", (list(servers),))

    def put_hot(self, readings: Iterable[Stored]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO reading VALUES (%s, %s, %s, %s, %s, %s, %s)", [_row(row) for row in readings]
            )

    def put_sealed(self, readings: Iterable[Stored]) -> None:
        hours: dict[tuple[int, int], list[Stored]] = {}
        for row in sorted(readings, key=lambda row: row.ts):
            hours.setdefault((row.server, row.ts // HOUR), []).append(row)
        for (server, hour), rows in hours.items():
            self._put_hour(server, hour, rows)

    def _put_hour(self, server: int, hour: int, rows: list[Stored]) -> None:
        names = {name for row in rows for name in row.values}
        columns = {self._ids[name]: np.array([row.values.get(name, np.nan) for row in rows]) for name in names}
        made = encode(hour, np.array([row.ts for row in rows]), columns)
        bounds = (_moment(made.first_ts), _moment(made.last_ts))
        # Every other hour as one that is dense, or as older code wrote it.
        parts = quarters.encode(hour * HOUR, np.array([row.ts for row in rows]), columns, 1) if hour % 2 else None
        self._connection.execute(
            "INSERT INTO segment VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (server, hour, made.count, *bounds, made.timestamps, parts),
        )
        for column in made.columns:
            of = column.statistics
            numbers = (of.count, of.sum, of.m2, of.min, of.max, of.first, of.last)
            self._connection.execute(
                "INSERT INTO segment_column VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (server, hour, column.quantity_id, *numbers, column.payload),
            )


def _row(row: Stored) -> tuple[Any, ...]:
    extra = {name: value for name, value in row.values.items() if name not in NAMES}
    known = (row.values.get(name) for name in NAMES)
    return row.server, _moment(row.ts), *known, json.dumps(extra) if extra else None


def _moment(ts: int) -> datetime:
    return EPOCH + timedelta(microseconds=ts)
