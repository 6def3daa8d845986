"""Statements of the read path: what they find comes as columns of packed numbers, or as the bytes of segments.

Numbers come in one row, however many there are: PostgreSQL appends a number to a string of bytes in a third of the time
that an array takes, and numpy reads it in place; psycopg would make a Python object of every one. None is ever null:
`string_agg` would leave it out. Segments come a row each: they are read while PostgreSQL still sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString

from psycopg import sql

from app.readings.quantities import NAMES

Parameters = dict[str, Any]

_SEND: Mapping[str, LiteralString] = {
    "int4": "string_agg(int4send({}), '')",
    "int8": "string_agg(int8send({}), '')",
    "float8": "string_agg(float8send({}), '')",
    "timestamptz": "string_agg(timestamptz_send({}), '')",
}


@dataclass(frozen=True, slots=True)
class Packed:
    """A statement with one row, of each column the values of all that was found; `kinds` are PostgreSQL's types."""

    text: bytes
    kinds: tuple[str, ...]


def packed(columns: Sequence[tuple[sql.Composable, str]], source: sql.Composable) -> Packed:
    """These columns, each of a type of PostgreSQL's, none of them null, of what `source` (FROM …) finds."""
    listed = sql.SQL(", ").join(sql.SQL(_SEND[kind]).format(column) for column, kind in columns)
    return Packed(sql.SQL("SELECT {} {}").format(listed, source).as_bytes(), tuple(kind for _, kind in columns))


def _of(columns: Sequence[tuple[LiteralString, str]], source: LiteralString) -> Packed:
    return packed([(sql.SQL(column), kind) for column, kind in columns], sql.SQL(source))


SERVERS: LiteralString = """
    SELECT server_id, server_ulid, coalesce(version, 0), tags, interval_seconds
    FROM server LEFT JOIN server_history USING (server_id)
    WHERE workspace_id = %(workspace)s AND (%(every)s OR server_ulid = ANY(%(ulids)s)) ORDER BY server_id
"""
QUANTITIES: LiteralString = """
    SELECT quantity_id, name FROM quantity WHERE workspace_id = %(workspace)s ORDER BY quantity_id
"""
# How much there is, in spans of SPAN_HOURS, without a row a segment: what a query over all of time starts from.
SPANS = _of(
    [("span", "int4"), ("segments", "int8"), ("sealed", "int8"), ("hot_hours", "int8"), ("hot", "int8"),
     ("low", "timestamptz"), ("high", "timestamptz")],
    """
    FROM (
        SELECT floor(hour / %(span)s::float8)::int AS span, count(*) AS segments, sum(count)::int8 AS sealed,
               0::int8 AS hot_hours, 0::int8 AS hot, min(first_ts) AS low, max(last_ts) AS high
        FROM segment WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s GROUP BY 1
        UNION ALL
        SELECT floor(hour / %(span)s::float8)::int, 0, 0, count(*), sum(readings)::int8, min(low), max(high)
        FROM (
            SELECT server_id, floor(date_part('epoch', ts) / 3600)::int AS hour, count(*) AS readings, min(ts) AS low,
                   max(ts) AS high
            FROM reading WHERE server_id = ANY(%(servers)s) AND ts >= %(low)s AND ts < %(high)s GROUP BY 1, 2
        ) AS hot GROUP BY 1
    ) AS spans
    """,
)  # fmt: skip
# Hours that have both come twice.
HOURS = _of(
    [("server_id", "int4"), ("hour", "int4"), ("sealed", "int8"), ("hot", "int8"), ("low", "timestamptz"),
     ("high", "timestamptz")],
    """
    FROM (
        SELECT server_id, hour, count::int8 AS sealed, 0::int8 AS hot, first_ts AS low, last_ts AS high FROM segment
        WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT server_id, floor(date_part('epoch', ts) / 3600)::int, 0, count(*), min(ts), max(ts) FROM reading
        WHERE server_id = ANY(%(servers)s) AND ts >= %(low)s AND ts < %(high)s GROUP BY 1, 2
    ) AS hours
    """,
)  # fmt: skip
# Instants of hours, quantity 0, and columns of them; one round trip for both.
SEGMENTS = b"""
    SELECT server_id, hour, 0 AS quantity_id, segment.count, timestamps
    FROM unnest(%(servers)s::int[], %(hours)s::int[]) AS wanted (server_id, hour) JOIN segment USING (server_id, hour)
    UNION ALL
    SELECT server_id, hour, quantity_id, segment_column.count, payload
    FROM unnest(%(servers)s::int[], %(hours)s::int[]) AS wanted (server_id, hour)
         JOIN segment_column USING (server_id, hour)
    WHERE quantity_id = ANY(%(quantities)s)
"""


@lru_cache(maxsize=64)
def statistics(columns: tuple[str, ...]) -> Packed:
    """Server, hour, quantity, count and these statistics of segments, from `ix_segment_column_statistics` alone where
    vacuum has been; a column more is a tenth of the time.
    """
    keys = [(sql.Identifier(name), "int4") for name in ("server_id", "hour", "quantity_id", "count")]
    return packed(
        keys + [(sql.Identifier(name), "float8") for name in columns],
        sql.SQL("""
        FROM segment_column
        WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s AND quantity_id = ANY(%(quantities)s)
        """),
    )


@lru_cache(maxsize=64)
def hot_rows(custom: tuple[str, ...]) -> Packed:
    """Server, instant, the known quantities and these custom ones of hot readings, in order of server and instant;
    NaN for absent.
    """
    known = [sql.SQL("coalesce({}, 'NaN')").format(sql.Identifier(name)) for name in NAMES]
    extra = [sql.SQL("coalesce((extra ->> {})::float8, 'NaN')").format(sql.Literal(name)) for name in custom]
    keys: list[tuple[sql.Composable, str]] = [
        (sql.Identifier("server_id"), "int4"),
        (sql.Identifier("ts"), "timestamptz"),
    ]
    return packed(
        keys + [(column, "float8") for column in (*known, *extra)],
        sql.SQL("""
        FROM (
            SELECT reading.*
            FROM unnest(%(servers)s::int[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])
                     AS wanted (server_id, low, high)
                 JOIN reading ON reading.server_id = wanted.server_id AND ts >= low AND ts < high
            ORDER BY reading.server_id, ts
        ) AS hot
        """),
    )
