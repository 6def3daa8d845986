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
    "int8": "string_agg(int8send({}), '')",
    "float8": "string_agg(float8send({}), '')",
    "timestamptz": "string_agg(timestamptz_send({}), '')",
}
# An hour and how many readings it has, in one number (`fetching.hours_and_counts`): a number less to append.
_HOUR_AND: LiteralString = "hour * 4294967296 + {}"


@dataclass(frozen=True, slots=True)
class Packed:
    """A statement with a row for each of some numbers (`groups` of them, such as server and quantity), and in it of
    each column the values of all that was found; `kinds` are PostgreSQL's types, of eight bytes all.
    """

    text: bytes
    groups: int
    kinds: tuple[str, ...]


def packed(groups: Sequence[LiteralString], columns: Sequence[tuple[str, str]], source: str) -> Packed:
    """Of `source`, by these groups, columns as expressions and kinds; all of them constants of ours, no input."""
    keys = ", ".join(groups)
    numbers = ", ".join(_SEND[kind].format(column) for column, kind in columns)
    text = f"SELECT {keys}, {numbers} FROM {source} GROUP BY {keys} ORDER BY {keys}"  # noqa: S608
    return Packed(text.encode(), len(groups), tuple(kind for _, kind in columns))


# The asked servers, then the workspace's own quantities, which have no version: in one round trip.
NAMED: LiteralString = """
    SELECT server_id AS number, server_ulid AS name, coalesce(version, 0) AS version, tags, interval_seconds
    FROM server LEFT JOIN server_history USING (server_id)
    WHERE workspace_id = %(workspace)s AND (%(every)s OR server_ulid = ANY(%(ulids)s))
    UNION ALL
    SELECT quantity_id, name, NULL, NULL, NULL FROM quantity WHERE workspace_id = %(workspace)s
    ORDER BY number
"""
# How much there is, in spans of SPAN_HOURS, without a row a segment: what a query over all of time starts from.
SPANS = packed(
    ["span"],
    [("segments", "int8"), ("sealed", "int8"), ("hot_hours", "int8"), ("hot", "int8"), ("low", "timestamptz"),
     ("high", "timestamptz")],
    """(
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
    ) AS spans""",
)  # fmt: skip
# Sealed hours with their counts, and hours of hot rows with theirs below zero; hours that have both come twice.
HOURS = packed(
    ["server_id"],
    [(_HOUR_AND.format("readings"), "int8"), ("low", "timestamptz"), ("high", "timestamptz")],
    """(
        SELECT server_id, hour, count AS readings, first_ts AS low, last_ts AS high FROM segment
        WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT server_id, floor(date_part('epoch', ts) / 3600)::int, -count(*)::int, min(ts), max(ts) FROM reading
        WHERE server_id = ANY(%(servers)s) AND ts >= %(low)s AND ts < %(high)s GROUP BY 1, 2
    ) AS hours""",
)
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


QUARTERS = b"""
    SELECT server_id, hour, quarters
    FROM unnest(%(servers)s::int[], %(hours)s::int[]) AS wanted (server_id, hour) JOIN segment USING (server_id, hour)
    WHERE quarters IS NOT NULL
"""


@lru_cache(maxsize=64)
def statistics(names: tuple[str, ...]) -> Packed:
    """By server and quantity: hours with their counts, and these statistics of segments. It is read from
    `ix_segment_column_statistics` alone, in its order, where vacuum has been.
    """
    return packed(
        ["server_id", "quantity_id"],
        [(_HOUR_AND.format("count"), "int8"), *((name, "float8") for name in names)],
        # The order of the index, asked for so that no other plan may give another.
        """(
            SELECT * FROM segment_column
            WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s
                AND quantity_id = ANY(%(quantities)s)
            ORDER BY server_id, quantity_id, hour
        ) AS sealed""",
    )


@lru_cache(maxsize=64)
def hot_rows(custom: tuple[str, ...]) -> Packed:
    """By server: instant, the known quantities and these custom ones of hot readings, NaN for absent, by instant."""
    extra = [f"(extra ->> {sql.Literal(name).as_string()})::float8" for name in custom]
    return packed(
        ["server_id"],
        [("ts", "timestamptz"), *((f"coalesce({value}, 'NaN')", "float8") for value in (*NAMES, *extra))],
        """(
            SELECT reading.*
            FROM unnest(%(servers)s::int[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])
                     AS wanted (server_id, low, high)
                 JOIN reading ON reading.server_id = wanted.server_id AND ts >= low AND ts < high
            ORDER BY reading.server_id, ts
        ) AS hot""",
    )
