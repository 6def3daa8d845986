"""Forms of statements for tables that Citus spreads over its nodes by server (ADR 51), where it refuses the usual ones.

Citus sends a statement to the shards when all that is joined is theirs: a LATERAL with a limit may refer to a table
that is spread and not to an array. So the servers that are asked for come here from `server_quantity`, which has each
that ever had a row in `reading`, or from it and `server_history`, which between them have each that has a segment: what
is written straight into segments raises its history's version. Grouped, numbers of arrays may stand beside them.
"""

from typing import Final, LiteralString

from psycopg import sql

WITH_ROWS: Final[LiteralString] = """(
    SELECT server_id FROM server_quantity WHERE server_id = ANY(%s::int[]) GROUP BY server_id) AS wanted"""
_WITH_READINGS: Final[LiteralString] = (
    "(SELECT server_id FROM server_quantity UNION SELECT server_id FROM server_history)"
)

# As many probes as there are servers times asked quantities, where one machine goes from one that there is to the next.
SELECT_SEALED: Final[LiteralString] = """
    SELECT wanted.server_id, found.quantity_id, found.hour, found.last, found.count
    FROM (
        SELECT server_id, number
        FROM (SELECT server_id FROM server_quantity WHERE server_id = ANY(%(servers)s::int[])
              UNION SELECT server_id FROM server_history WHERE server_id = ANY(%(servers)s::int[])) AS known
             CROSS JOIN unnest(%(numbers)s::int[]) AS asked (number)
        GROUP BY server_id, number
    ) AS wanted CROSS JOIN LATERAL (
        SELECT quantity_id, hour, last, count FROM segment_column
        WHERE segment_column.server_id = wanted.server_id AND quantity_id = wanted.number ORDER BY hour DESC LIMIT 1
    ) AS found
"""
SELECT_ENDS: Final[LiteralString] = """
    SELECT server_id, hour, count, last_ts
    FROM unnest(%s::int[], %s::int[]) AS wanted (server_id, hour) JOIN segment USING (server_id, hour)
"""
# Servers that are gone are not left out: nothing is sealed of them, and a run passes their hours.
SELECT_DUE: Final[LiteralString] = """
    WITH oldest AS MATERIALIZED (
        SELECT sent.server_id, first.ts
        FROM (
            SELECT sent.server_id, coalesce(to_timestamp(passed.hour * 3600::float8), '-infinity') AS passed
            FROM server_quantity AS sent
                 LEFT JOIN unnest(%(passed)s::int[], %(hours)s::int[]) AS passed (server_id, hour) USING (server_id)
            WHERE sent.server_id > %(after)s GROUP BY 1, 2
        ) AS sent CROSS JOIN LATERAL (
            SELECT ts FROM reading
            WHERE reading.server_id = sent.server_id AND ts < %(before)s AND ts >= sent.passed ORDER BY ts LIMIT 1
        ) AS first
        ORDER BY sent.server_id LIMIT %(servers)s
    )
    SELECT reading.server_id, (date_part('epoch', date_trunc('hour', reading.ts, 'UTC')) / 3600)::int AS hour, count(*)
    FROM oldest JOIN reading ON reading.server_id = oldest.server_id
        AND reading.ts >= oldest.ts AND reading.ts < least(oldest.ts + interval '1 day', %(before)s)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
SELECT_OLDEST_DUE: Final[LiteralString] = """
    SELECT min(first.ts)
    FROM (SELECT server_id FROM server_quantity GROUP BY server_id) AS sent CROSS JOIN LATERAL (
        SELECT ts FROM reading WHERE reading.server_id = sent.server_id AND ts < %s ORDER BY ts LIMIT 1
    ) AS first
"""
SELECT_EXPIRED: Final[LiteralString] = f"""
    WITH kept AS (
        SELECT server.server_id, floor(extract(epoch FROM date_trunc(
            'hour', now() - coalesce(server.retention_days, workspace.retention_days) * interval '1 day', 'UTC'
        )) / 3600)::int AS hour
        FROM server JOIN workspace USING (workspace_id)
        WHERE coalesce(server.retention_days, workspace.retention_days) IS NOT NULL
    )
    SELECT known.server_id, kept.hour FROM {_WITH_READINGS} AS known JOIN kept USING (server_id)
    WHERE EXISTS (SELECT FROM segment WHERE segment.server_id = known.server_id AND segment.hour < kept.hour)
       OR EXISTS (SELECT FROM reading WHERE reading.server_id = known.server_id
                                        AND reading.ts < to_timestamp(kept.hour * 3600::float8))
    ORDER BY 1
"""  # noqa: S608 - of constants
# The coordinator's own table is empty, and its statistics with it. As text for every shard, without parameters.
ESTIMATE_SEGMENTS: Final[LiteralString] = """
    SELECT sum(greatest(result::float8, 0)) FROM run_command_on_shards(
        'segment', $$SELECT reltuples FROM pg_class WHERE oid = '%s'::regclass$$)
"""
# Rows are locked of one server at a time, which is of one shard.
SELECT_STAGED: Final[LiteralString] = """
    SELECT server_id, array_agg(ts ORDER BY ts) FROM staging GROUP BY server_id ORDER BY server_id
"""
SELECT_STORED_OF_ONE: Final[LiteralString] = """
    SELECT server_id, (extract(epoch FROM ts) * 1000000)::int8, coalesce(temperature, 'NaN'), coalesce(humidity, 'NaN'),
           coalesce(voltage, 'NaN'), coalesce(current, 'NaN')
    FROM reading WHERE server_id = %s AND ts = ANY(%s) ORDER BY ts FOR UPDATE
"""
# Versions come by themselves: joined, all of them would be brought to the coordinator first.
NAMED: Final[LiteralString] = """
    SELECT server_id AS number, server_ulid AS name, 0 AS version, tags, interval_seconds
    FROM server WHERE workspace_id = %(workspace)s AND (%(every)s OR server_ulid = ANY(%(ulids)s))
    UNION ALL
    SELECT quantity_id, name, NULL, NULL, NULL FROM quantity WHERE workspace_id = %(workspace)s
    ORDER BY number
"""
NAMED_VERSIONS: Final[LiteralString] = "SELECT server_id, version FROM server_history WHERE server_id = ANY(%s::int[])"
SELECT_VERSIONS: Final[LiteralString] = """
    SELECT server_id, coalesce(version, 0)
    FROM server LEFT JOIN (SELECT * FROM server_history WHERE server_id = ANY(%(servers)s::int[])) AS history
         USING (server_id)
    WHERE server_id = ANY(%(servers)s::int[])
"""
SELECT_ACKNOWLEDGED: Final[LiteralString] = """
    SELECT CASE WHEN server.server_id IS NOT NULL THEN coalesce(version, 0) END, hot.ts IS NOT NULL, sealed.timestamps
    FROM unnest(%(servers)s::int[], %(instants)s::timestamptz[], %(hours)s::int[])
         WITH ORDINALITY AS wanted (server_id, at, hour, place)
         LEFT JOIN server ON server.server_id = wanted.server_id
         LEFT JOIN (SELECT * FROM server_history WHERE server_id = ANY(%(servers)s::int[])) AS history
                   ON history.server_id = wanted.server_id
         LEFT JOIN (SELECT server_id, ts FROM reading
                    WHERE server_id = ANY(%(servers)s::int[]) AND ts = ANY(%(instants)s::timestamptz[])) AS hot
                   ON hot.server_id = wanted.server_id AND hot.ts = wanted.at
         LEFT JOIN (SELECT server_id, hour, timestamps FROM segment
                    WHERE server_id = ANY(%(servers)s::int[]) AND hour = ANY(%(hours)s::int[])) AS sealed
                   ON sealed.server_id = wanted.server_id AND sealed.hour = wanted.hour
    ORDER BY place
"""
# For `recent`: of each server as `after` says, and of each node its own numbers of transactions.
LEFT_AT: Final[LiteralString] = """(
            SELECT sent.server_id, wanted.after
            FROM server_quantity AS sent
                 JOIN unnest(%(servers)s::int[], %(after)s::int8[]) AS wanted (server_id, after) USING (server_id)
            GROUP BY 1, 2
        ) AS wanted"""
SELECT_HORIZONS: Final[LiteralString] = """
    SELECT server_id, pg_snapshot_xmin(pg_current_snapshot())::text::int8
    FROM server_quantity WHERE server_id = ANY(%s::int[]) GROUP BY server_id
"""


def has_sent(present: sql.Composable) -> sql.Composed:
    """Servers with a quantity before their instants; `present` says that a row of `reading` has it."""
    return sql.SQL("""
        SELECT known.server_id
        FROM {known} AS known
             JOIN unnest(%(servers)s::int[], %(before)s::int8[]) AS wanted (server_id, before) USING (server_id)
        WHERE EXISTS (SELECT FROM segment_column AS stored
                      WHERE stored.server_id = known.server_id AND quantity_id = %(number)s
                            AND hour < floor(wanted.before / 3600000000.0))
           OR EXISTS (SELECT FROM reading WHERE reading.server_id = known.server_id AND {present}
                      AND ts < 'epoch'::timestamptz + wanted.before * interval '1 microsecond')
    """).format(known=sql.SQL(_WITH_READINGS), present=present)
