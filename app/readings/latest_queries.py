"""Statements about servers' state. Those of the newest values go down an index once a server, or once a
quantity that it has.
"""

from typing import LiteralString

from psycopg import sql

from app.readings.quantities import NAMES

# The workspace's servers, or the asked ones of them.
SELECT_SERVERS: LiteralString = """
    SELECT server_id, server_ulid, name FROM server
    WHERE workspace_id = %(workspace)s AND (%(ulids)s::text[] IS NULL OR server_ulid = ANY(%(ulids)s)) ORDER BY name
"""
SELECT_CUSTOM: LiteralString = "SELECT name, quantity_id FROM quantity WHERE workspace_id = %s ORDER BY quantity_id"
ASKED: LiteralString = "unnest(%s::int[]) AS wanted (server_id)"
# Each server's newest hot reading.
_NEWEST: LiteralString = """
    SELECT wanted.server_id, newest.ts, newest.temperature, newest.humidity, newest.voltage, newest.current,
           newest.extra
    FROM {} CROSS JOIN LATERAL (
        SELECT * FROM reading WHERE reading.server_id = wanted.server_id ORDER BY ts DESC LIMIT 1
    ) AS newest
"""
SELECT_SENT: LiteralString = "SELECT server_id, name FROM server_quantity WHERE server_id = ANY(%s::int[])"
# From quantity to quantity that a server has, the newest hour that has it: as many descents as it has quantities.
SELECT_SEALED: LiteralString = """
    SELECT wanted.server_id, found.quantity_id, found.hour, found.last, found.count
    FROM unnest(%(servers)s::int[]) AS wanted (server_id) CROSS JOIN LATERAL (
        WITH RECURSIVE newest AS (
            (SELECT quantity_id, hour, last, count FROM segment_column WHERE server_id = wanted.server_id
             ORDER BY quantity_id DESC, hour DESC LIMIT 1)
            UNION ALL
            SELECT next.* FROM newest CROSS JOIN LATERAL (
                SELECT quantity_id, hour, last, count FROM segment_column
                WHERE server_id = wanted.server_id AND quantity_id < newest.quantity_id
                ORDER BY quantity_id DESC, hour DESC LIMIT 1
            ) AS next
        )
        SELECT * FROM newest
    ) AS found
"""
# By its limit an hour is looked up by its key; joined, all segments would be read where they are few enough.
SELECT_ENDS: LiteralString = """
    SELECT wanted.server_id, wanted.hour, found.count, found.last_ts
    FROM unnest(%s::int[], %s::int[]) AS wanted (server_id, hour) CROSS JOIN LATERAL (
        SELECT count, last_ts FROM segment
        WHERE segment.server_id = wanted.server_id AND segment.hour = wanted.hour LIMIT 1
    ) AS found
"""
# Hours whose last reading may lack the quantity.
SELECT_CELLS: LiteralString = """
    SELECT wanted.server_id, wanted.quantity_id, segment.timestamps, stored.payload
    FROM unnest(%s::int[], %s::int[], %s::int[]) AS wanted (server_id, hour, quantity_id)
    JOIN segment USING (server_id, hour) JOIN segment_column AS stored USING (server_id, hour, quantity_id)
"""
SELECT_DESCRIBED: LiteralString = """
    SELECT server_id, server_ulid, name, interval_seconds FROM server WHERE server_id = ANY(%s) ORDER BY name
"""
# What arrived in hours of arrival, both inclusive.
SELECT_ARRIVALS: LiteralString = """
    SELECT server_id, sum(received), sum(duplicates), sum(rejected), sum(late), min(least_lag), max(largest_lag),
           sum(lags)
    FROM server_arrivals WHERE server_id = ANY(%s) AND hour BETWEEN %s AND %s GROUP BY server_id
"""


def newest(asked: LiteralString) -> LiteralString:
    """The newest hot reading of each of these servers; `asked` makes a table of them (see `forms`)."""
    return _NEWEST.format(asked)


def newest_with(name: str, asked: LiteralString) -> sql.Composed:
    """The newest hot value of a quantity of each of these servers, likewise."""
    known = name in NAMES
    value = sql.Identifier(name) if known else sql.SQL("(extra ->> {})::float8").format(sql.Literal(name))
    present = sql.SQL("{} IS NOT NULL") if known else sql.SQL("extra ? {}")
    condition = present.format(sql.Identifier(name) if known else sql.Literal(name))
    return sql.SQL("""
        SELECT wanted.server_id, newest.ts, newest.value
        FROM {asked} CROSS JOIN LATERAL (
            SELECT ts, {value} AS value FROM reading WHERE reading.server_id = wanted.server_id AND {condition}
            ORDER BY ts DESC LIMIT 1
        ) AS newest
    """).format(asked=sql.SQL(asked), value=value, condition=condition)
