"""Statements over segments, and those that take hot rows to them.

A cell is one server's hour. Arrays of cells are ascending by (server, hour), which is the order in which every writer
locks them.
"""

from collections.abc import Sequence
from typing import LiteralString

from psycopg import sql

from app.readings.quantities import NAMES

# The rows of an array come in its order, so the locks are taken in it. What is read behind them is read by its key,
# whatever the planner thinks of so many cells.
LOCK_CELLS: LiteralString = """
    SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
    UNION ALL
    SELECT pg_advisory_xact_lock(server_id, hour)::text, ''
    FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour)
"""
TRY_LOCK_CELLS: LiteralString = """
    SELECT pg_try_advisory_xact_lock(server_id, hour) FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour)
"""
# Servers that exist, with the names and numbers of their workspace's own quantities.
SELECT_QUANTITIES: LiteralString = """
    SELECT server.server_id, quantity.name, quantity.quantity_id
    FROM server LEFT JOIN quantity USING (workspace_id) WHERE server.server_id = ANY(%s)
"""
SELECT_TIMESTAMPS: LiteralString = """
    SELECT segment.server_id, segment.hour, segment.timestamps
    FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour) JOIN segment USING (server_id, hour)
"""
SELECT_PAYLOADS: LiteralString = """
    SELECT stored.server_id, stored.hour, stored.quantity_id, stored.payload
    FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour) JOIN segment_column AS stored USING (server_id, hour)
"""
DELETE_SEGMENTS: LiteralString = """
    DELETE FROM segment USING unnest(%s::int[], %s::int[]) AS cell (server_id, hour)
    WHERE segment.server_id = cell.server_id AND segment.hour = cell.hour
"""
DELETE_COLUMNS: LiteralString = """
    DELETE FROM segment_column AS stored USING unnest(%s::int[], %s::int[]) AS cell (server_id, hour)
    WHERE stored.server_id = cell.server_id AND stored.hour = cell.hour
"""
COPY_SEGMENTS: LiteralString = """
    COPY segment (server_id, hour, count, first_ts, last_ts, timestamps, quarters) FROM STDIN (FORMAT BINARY)
"""
COPY_COLUMNS: LiteralString = """
    COPY segment_column (server_id, hour, quantity_id, count, sum, m2, min, max, first, last, payload)
    FROM STDIN (FORMAT BINARY)
"""
# Held by the connection of the sealer at work: a second one would find the same hours.
TRY_LOCK_SEALER: LiteralString = "SELECT pg_try_advisory_lock(1784834083, 0)"
# The next hours that are due, ascending, each with its count of hot rows: those of so many servers behind the given
# one, of each the oldest day that has any, behind the hour that the run has passed. A server that is gone has no
# segments to come; its rows are its deletion's.
SELECT_DUE: LiteralString = """
    WITH oldest AS MATERIALIZED (
        SELECT server.server_id, first.ts
        FROM server LEFT JOIN unnest(%(passed)s::int[], %(hours)s::int[]) AS passed (server_id, hour) USING (server_id)
        CROSS JOIN LATERAL (
            SELECT ts FROM reading WHERE reading.server_id = server.server_id AND ts < %(before)s
                AND ts >= coalesce(to_timestamp(passed.hour * 3600::float8), '-infinity') ORDER BY ts LIMIT 1
        ) AS first
        WHERE server.server_id > %(after)s ORDER BY server.server_id LIMIT %(servers)s
    )
    SELECT reading.server_id, (date_part('epoch', date_trunc('hour', reading.ts, 'UTC')) / 3600)::int AS hour, count(*)
    FROM oldest JOIN reading ON reading.server_id = oldest.server_id
        AND reading.ts >= oldest.ts AND reading.ts < least(oldest.ts + interval '1 day', %(before)s)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
COUNT_DUE: LiteralString = "SELECT count(*) FROM reading WHERE ts < %s"
# Of every server, so that one that fell behind shows.
SELECT_OLDEST_DUE: LiteralString = """
    SELECT min(first.ts)
    FROM server CROSS JOIN LATERAL (
        SELECT ts FROM reading WHERE reading.server_id = server.server_id AND ts < %s ORDER BY ts LIMIT 1
    ) AS first
"""


def take_hot(cells: Sequence[tuple[int, int, int]], custom: Sequence[str], most: int) -> sql.Composed:
    """Delete hot rows and give them as columns in one row of bytes: server (int4), instant (timestamptz), the known
    quantities, these custom ones (float8, NaN for absent), and 1 where the row holds another, else 0; big-endian.

    `cells` are runs (server, first hour, hour behind the last); of a single run no more than `most` rows go, the oldest
    (0: all). A row each, the client would spend 2 µs on a reading; so PostgreSQL spends 0.3.
    """
    known = [sql.SQL("coalesce({}, 'NaN')").format(sql.Identifier(name)) for name in NAMES]
    extras = [sql.SQL("coalesce((extra ->> {})::float8, 'NaN')").format(sql.Literal(name)) for name in custom]
    names = sql.SQL(", ").join(map(sql.Literal, custom))
    other = sql.SQL("coalesce((extra - ARRAY[{}]::text[] <> '{{}}')::int, 0)::float8").format(names)
    columns = [sql.SQL("string_agg(float8send({}), '')").format(value) for value in (*known, *extras, other)]
    return sql.SQL("""
        WITH gone AS (
            DELETE FROM reading AS hot {condition} RETURNING hot.*
        )
        SELECT string_agg(int4send(server_id), ''), string_agg(timestamptz_send(ts), ''), {columns} FROM gone
    """).format(condition=_oldest(cells[0], most) if most else _of_runs(cells), columns=sql.SQL(", ").join(columns))


def _of_runs(cells: Sequence[tuple[int, int, int]]) -> sql.Composed:
    runs = sql.SQL(", ").join(
        sql.SQL("({}, to_timestamp({}), to_timestamp({}))").format(server_id, first * 3600, end * 3600)
        for server_id, first, end in cells
    )
    return sql.SQL("""USING (VALUES {runs}) AS run (server_id, start, stop)
            WHERE hot.server_id = run.server_id AND hot.ts >= run.start AND hot.ts < run.stop""").format(runs=runs)


def _oldest(run: tuple[int, int, int], most: int) -> sql.Composed:
    # With the server as a constant, by which Citus knows the shard: it takes no limit within a join.
    server_id, first, end = run
    rows = sql.SQL("server_id = {} AND ts >= to_timestamp({}) AND ts < to_timestamp({})").format(
        server_id, first * 3600, end * 3600
    )
    return sql.SQL("""WHERE {rows} AND ts <= (
                SELECT max(ts) FROM (SELECT ts FROM reading WHERE {rows} ORDER BY ts LIMIT {most}) AS oldest
            )""").format(rows=rows, most=most)


# --- Deleting ---
# Hours of [first, end) in which a server has readings between two instants, sealed or hot, ascending.
SELECT_HOURS: LiteralString = """
    SELECT hour FROM segment WHERE server_id = %(server)s AND hour >= %(first)s AND hour < %(end)s
    UNION
    SELECT (date_part('epoch', date_trunc('hour', ts, 'UTC')) / 3600)::int FROM reading
    WHERE server_id = %(server)s AND ts >= to_timestamp(%(first)s * 3600::float8)
      AND ts < to_timestamp(%(end)s * 3600::float8)
    ORDER BY 1 LIMIT %(limit)s
"""
SELECT_COUNTS: LiteralString = """
    SELECT segment.hour, segment.count
    FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour) JOIN segment USING (server_id, hour)
"""
# Of the hot rows between two instants, both inclusive: those that were deleted, or that lost a quantity.
DELETE_HOT: LiteralString = """
    DELETE FROM reading WHERE server_id = %(server)s AND ts >= %(start)s::timestamptz AND ts <= %(last)s::timestamptz
    RETURNING ts
"""
CLEAR_EXTRA: LiteralString = """
    UPDATE reading SET extra = nullif(extra - %(name)s, '{}'::jsonb)
    WHERE server_id = %(server)s AND ts >= %(start)s::timestamptz AND ts <= %(last)s::timestamptz AND extra ? %(name)s
    RETURNING ts
"""
# A row without a value is no reading.
DELETE_EMPTY: LiteralString = """
    DELETE FROM reading WHERE server_id = %(server)s AND ts >= %(start)s::timestamptz AND ts <= %(last)s::timestamptz
      AND num_nonnulls(temperature, humidity, voltage, current, extra) = 0
"""
# Servers with readings that are older than they are kept, and the hour before which they go.
SELECT_EXPIRED: LiteralString = """
    WITH kept AS (
        SELECT server.server_id, floor(extract(epoch FROM date_trunc(
            'hour', now() - coalesce(server.retention_days, workspace.retention_days) * interval '1 day', 'UTC'
        )) / 3600)::int AS hour
        FROM server JOIN workspace USING (workspace_id)
        WHERE coalesce(server.retention_days, workspace.retention_days) IS NOT NULL
    )
    SELECT server_id, hour FROM kept
    WHERE EXISTS (SELECT FROM segment WHERE segment.server_id = kept.server_id AND segment.hour < kept.hour)
       OR EXISTS (SELECT FROM reading WHERE reading.server_id = kept.server_id
                                        AND reading.ts < to_timestamp(kept.hour * 3600::float8))
    ORDER BY server_id
"""

# --- Verifying ---
COUNT_SEGMENTS: LiteralString = "SELECT count(*) FROM segment"
# Cells behind a given one, in order.
SELECT_CELLS: LiteralString = """
    SELECT server_id, hour FROM segment WHERE (server_id, hour) > (%s, %s) ORDER BY server_id, hour LIMIT %s
"""
ESTIMATE_SEGMENTS: LiteralString = "SELECT reltuples FROM pg_class WHERE oid = 'segment'::regclass"
# Pages of the table drawn at random: no server is favoured for having few hours. They come in the table's order, of
# which a limit alone would take the beginning, always.
SELECT_SAMPLE: LiteralString = """
    SELECT server_id, hour FROM (SELECT server_id, hour FROM segment TABLESAMPLE SYSTEM (%s)) AS drawn
    ORDER BY random() LIMIT %s
"""
SELECT_SEGMENT_FACTS: LiteralString = """
    SELECT segment.server_id, segment.hour, segment.count, segment.first_ts, segment.last_ts, segment.timestamps,
           segment.quarters
    FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour) JOIN segment USING (server_id, hour)
"""
SELECT_COLUMN_FACTS: LiteralString = """
    SELECT stored.server_id, stored.hour, stored.quantity_id, stored.count, stored.sum, stored.m2, stored.min,
           stored.max, stored.first, stored.last, stored.payload
    FROM unnest(%s::int[], %s::int[]) AS cell (server_id, hour) JOIN segment_column AS stored USING (server_id, hour)
"""


def clear_hot(name: str) -> sql.Composed:
    """Take a known quantity from hot rows, as DELETE_HOT takes whole ones."""
    return sql.SQL("""
        UPDATE reading SET {name} = NULL
        WHERE server_id = %(server)s AND ts >= %(start)s::timestamptz AND ts <= %(last)s::timestamptz
          AND {name} IS NOT NULL
        RETURNING ts
    """).format(name=sql.Identifier(name))
