"""Statements that count, each in a few milliseconds whatever has gathered; PostgreSQL's own counts where they do."""

from typing import Final, LiteralString

# Name, bytes with indexes, rows as PostgreSQL last estimated.
TABLES: Final[LiteralString] = """
    SELECT relname, pg_total_relation_size(relid), n_live_tup FROM pg_stat_all_tables
    WHERE relid IN ('reading'::regclass, 'segment'::regclass, 'segment_column'::regclass)
"""
# Likewise of tables that Citus spreads: the coordinator's own are empty.
TABLES_OF_NODES: Final[LiteralString] = """
    SELECT name, citus_total_relation_size(name::regclass), (
        SELECT coalesce(sum(result::int8), 0)::int8 FROM run_command_on_shards(
            name::regclass, $$SELECT n_live_tup FROM pg_stat_all_tables WHERE relid = '%s'::regclass$$)
        WHERE success
    )
    FROM unnest(ARRAY['reading', 'segment', 'segment_column']) AS name
"""
# A server from which nothing ever came has no interval.
PRESENCE: Final[LiteralString] = """
    SELECT coalesce(status, 'unheard'), count(*)
    FROM server LEFT JOIN (SELECT server_id, status FROM presence_interval WHERE ended_at IS NULL) AS known
         USING (server_id)
    GROUP BY 1
"""
JOBS: Final[LiteralString] = "SELECT state, count(*) FROM job WHERE state IN ('queued', 'running') GROUP BY state"
INCIDENTS: Final[LiteralString] = "SELECT state, count(*) FROM incident WHERE state <> 'resolved' GROUP BY state"
# How many wait, and for how many seconds the one has been due that is due longest.
NOTIFICATIONS: Final[LiteralString] = """
    SELECT count(*), coalesce(extract(epoch FROM greatest(now() - min(next_at), interval '0')), 0)::float8
    FROM notification WHERE state = 'queued'
"""
