"""Generated history for the bench of queries: readings at 1 Hz, sealed, and the same as rows."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from app.core.identifiers import new_ulid
from app.readings.packing import pack_rows
from app.readings.quantities import ID_OF_NAME, NAMES
from app.readings.rows import Float, Int, Rows
from app.readings.segments import HOUR, Encoded, decode_timestamps, encode, encode_timestamps

FIRST_HOUR = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) // 3600
# So many different hours are generated and encoded; a longer history repeats them at other times.
DIFFERENT = 120
ROWS = "bench_reading"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Servers of a workspace: numbers and ULIDs."""

    workspace_id: int
    numbers: list[int]
    ulids: list[str]


def hour(number: int, seed: int) -> tuple[Int, dict[str, Float]]:
    """An hour at 1 Hz, stamps with 3 ms jitter, values of one and two decimals that follow the day."""
    chance = np.random.default_rng(seed)
    ts = number * HOUR + np.arange(3600) * 1_000_000 + chance.integers(0, 3000, 3600)
    turn = 2 * np.pi * (np.arange(3600) + number % 24 * 3600) / 86_400
    noise = chance.normal(0, 1, (4, 3600))
    return ts, {
        "temperature": np.round(22 + 3 * np.sin(turn) + 0.1 * noise[0], 1),
        "humidity": np.round(50 + 10 * np.cos(turn) + 0.3 * noise[1], 1),
        "voltage": np.round(220 + 0.5 * noise[2], 1),
        "current": np.round(1.5 + 0.2 * np.sin(3 * turn) + 0.01 * noise[3], 2),
    }


def servers(connection: "psycopg.Connection[Any]", count: int) -> Fleet:
    """Register servers in the first workspace."""
    row = connection.execute("SELECT min(workspace_id) FROM workspace").fetchone()
    if row is None:
        raise RuntimeError("the system has no workspace")
    ulids = [new_ulid() for _ in range(count)]
    statement = "INSERT INTO server (server_ulid, workspace_id, name) VALUES (%s, %s, %s) RETURNING server_id"
    numbers = []
    for ulid in ulids:
        made = connection.execute(statement, (ulid, row[0], f"bench-{secrets.token_hex(6)}")).fetchone()
        numbers.append(made[0] if made else 0)
    return Fleet(row[0], numbers, ulids)


def seal(connection: "psycopg.Connection[Any]", numbers: list[int], hours: int) -> None:
    """Write so many hours of each server as segments."""
    for number in numbers:
        made = [encoded(FIRST_HOUR + at, number * 7 + at % DIFFERENT) for at in range(min(hours, DIFFERENT))]
        _copy(connection, number, [(FIRST_HOUR + at, made[at % DIFFERENT]) for at in range(hours)])
    connection.execute("VACUUM ANALYZE segment")
    connection.execute("VACUUM ANALYZE segment_column")


def encoded(number: int, seed: int) -> Encoded:
    """The hour as it is stored."""
    ts, values = hour(number, seed)
    return encode(number, ts, {ID_OF_NAME[name]: column for name, column in values.items()})


def as_rows(connection: "psycopg.Connection[Any]", numbers: list[int], hours: int) -> None:
    """The same readings as rows of a table like `reading`, for SQL over rows."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {ROWS} (LIKE reading INCLUDING ALL)")
    statement = f"COPY {ROWS} ({', '.join(('server_id', 'ts', *NAMES, 'extra'))}) FROM STDIN (FORMAT BINARY)"
    header = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
    for number in numbers:
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(header)
            for rows in _rows(number, hours):
                copy.write(pack_rows(rows))
            copy.write(b"\xff\xff")
    connection.execute(f"VACUUM ANALYZE {ROWS}")


def _rows(number: int, hours: int) -> Iterator[Rows]:
    for at in range(hours):
        ts, values = hour(FIRST_HOUR + at % DIFFERENT, number * 7 + at % DIFFERENT)
        yield Rows(np.full(len(ts), number), ts + at // DIFFERENT * DIFFERENT * HOUR, values)


def _copy(connection: "psycopg.Connection[Any]", number: int, made: list[tuple[int, Encoded]]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy("COPY segment FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "int4", "int4", "timestamptz", "timestamptz", "bytea", "bytea"])
            for at, segment in made:
                stamps, first, last = _moved(segment, at)
                copy.write_row((number, at, segment.count, first, last, stamps, segment.quarters))
        with cursor.copy("COPY segment_column FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4"] * 4 + ["float8"] * 6 + ["bytea"])
            for at, segment in made:
                for column in segment.columns:
                    of = column.statistics
                    numbers = (of.count, of.sum, of.m2, of.min, of.max, of.first, of.last)
                    copy.write_row((number, at, column.quantity_id, *numbers, column.payload))


def _moved(segment: Encoded, to: int) -> tuple[bytes, datetime, datetime]:
    """Its timestamps at another hour, and the first and last of them."""
    by = (to - segment.hour) * HOUR
    first, last = (_EPOCH + timedelta(microseconds=ts + by) for ts in (segment.first_ts, segment.last_ts))
    return encode_timestamps(decode_timestamps(segment.timestamps) + by), first, last
