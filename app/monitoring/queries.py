"""Statements that count, each in a few milliseconds whatever has gathered; PostgreSQL's own counts where they do."""

from typing import Final, LiteralString

# Name, bytes with indexes, rows as PostgreSQL last estimated.
TABLES: Final[LiteralString] = """
    SELECT relname, pg_total_relation_size(relid), n_live_tup FROM pg_stat_all_tables
    WHERE relid IN ('reading'::regclass, 'segment'::regclass, 'segment_column'::regclass)
"""
# A server from which nothing ever came has no interval.
PRESENCE: Final[LiteralString] = """
    SELECT coalesce(status, 'unheard'), count(*)
    FROM server LEFT JOIN presence_interval AS known ON known.server_id = server.server_id AND ended_at IS NULL
    GROUP BY 1
"""
JOBS: Final[LiteralString] = "SELECT state, count(*) FROM job WHERE state IN ('queued', 'running') GROUP BY state"
INCIDENTS: Final[LiteralString] = "SELECT state, count(*) FROM incident WHERE state <> 'resolved' GROUP BY state"
# How many wait, and for how many seconds the one has been due that is due longest.
NOTIFICATIONS: Final[LiteralString] = """
    SELECT count(*), coalesce(extract(epoch FROM greatest(now() - min(next_at), interval '0')), 0)::float8
    FROM notification WHERE state = 'queued'
"""
