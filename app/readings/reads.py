"""Statements of the read path: each gives its columns as arrays, or the bytes of segments.

`array_agg` because PostgreSQL builds an array of a million numbers, and numpy reads it, in the time that psycopg takes
to make a few thousand rows; `coalesce(…, 'NaN')` because an array without nulls has a fixed stride.
"""

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg import sql

from app.readings.quantities import NAMES

SERVERS: LiteralString = """
    SELECT server_id, server_ulid, coalesce(version, 0), tags, interval_seconds
    FROM server LEFT JOIN server_history USING (server_id)
    WHERE workspace_id = %(workspace)s AND (%(every)s OR server_ulid = ANY(%(ulids)s)) ORDER BY server_id
"""
QUANTITIES: LiteralString = """
    SELECT quantity_id, name FROM quantity WHERE workspace_id = %(workspace)s ORDER BY quantity_id
"""
# How much there is, in spans of SPAN_HOURS, without a row a segment: what a query over all of time starts from.
SEALED_SPANS: LiteralString = """
    SELECT array_agg(span), array_agg(segments), array_agg(readings), array_agg(first), array_agg(last),
           array_agg(low), array_agg(high)
    FROM (
        SELECT floor(hour / %(span)s::float8)::int AS span, count(*) AS segments, sum(count)::int8 AS readings,
               min(hour) AS first, max(hour) AS last, min(first_ts) AS low, max(last_ts) AS high
        FROM segment WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s GROUP BY 1 ORDER BY 1
    ) AS spans
"""
SEALED_HOURS: LiteralString = """
    SELECT array_agg(server_id), array_agg(hour), array_agg(count), array_agg(first_ts), array_agg(last_ts)
    FROM (
        SELECT server_id, hour, count, first_ts, last_ts FROM segment
        WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s ORDER BY server_id, hour
    ) AS hours
"""
HOT_HOURS: LiteralString = """
    SELECT array_agg(server_id), array_agg(bin), array_agg(readings), array_agg(low), array_agg(high)
    FROM (
        SELECT server_id, date_bin('1 hour', ts, '2000-01-01 00:00:00Z') AS bin, count(*) AS readings,
               min(ts) AS low, max(ts) AS high
        FROM reading WHERE server_id = ANY(%(servers)s) AND ts >= %(low)s AND ts < %(high)s GROUP BY 1, 2 ORDER BY 1, 2
    ) AS hours
"""
TIMESTAMPS: LiteralString = """
    SELECT server_id, hour, segment.count, timestamps
    FROM unnest(%(servers)s::int[], %(hours)s::int[]) AS wanted (server_id, hour) JOIN segment USING (server_id, hour)
    ORDER BY server_id, hour
"""
PAYLOADS: LiteralString = """
    SELECT server_id, hour, quantity_id, payload
    FROM unnest(%(servers)s::int[], %(hours)s::int[]) AS wanted (server_id, hour)
         JOIN segment_column USING (server_id, hour)
    WHERE quantity_id = ANY(%(quantities)s)
"""


def statistics(columns: Sequence[str]) -> sql.Composed:
    """Server, hour, quantity, count and these statistics of segments; a column more is a tenth of the time."""
    arrays = [sql.SQL("array_agg({})").format(sql.Identifier(name)) for name in columns]
    return sql.SQL("""
        SELECT array_agg(server_id), array_agg(hour), array_agg(quantity_id), array_agg(count), {columns}
        FROM segment_column
        WHERE server_id = ANY(%(servers)s) AND hour BETWEEN %(first)s AND %(last)s AND quantity_id = ANY(%(quantities)s)
    """).format(columns=sql.SQL(", ").join(arrays))


def hot_rows(custom: Sequence[str]) -> sql.Composed:
    """Server, instant, the known quantities and these custom ones of hot readings, in order of server and instant."""
    extra = [sql.SQL("coalesce((extra ->> {})::float8, 'NaN')").format(name) for name in custom]
    known = [sql.SQL("coalesce({}, 'NaN')").format(sql.Identifier(name)) for name in NAMES]
    columns = [sql.SQL("array_agg({})").format(column) for column in (*known, *extra)]
    return sql.SQL("""
        SELECT array_agg(server_id), array_agg(ts), {columns}
        FROM (
            SELECT reading.*
            FROM unnest(%(servers)s::int[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])
                     AS wanted (server_id, low, high)
                 JOIN reading ON reading.server_id = wanted.server_id AND ts >= low AND ts < high
            ORDER BY reading.server_id, ts
        ) AS hot
    """).format(columns=sql.SQL(", ").join(columns))


Parameters = dict[str, Any]
