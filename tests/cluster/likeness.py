"""A PostgreSQL that says of itself what a Citus with our tables says, so that our forms for it are used."""

import psycopg

# What our code asks of Citus' catalog and functions, with one shard for each table: the table.
_LIKE_CITUS = """
    CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char");
    INSERT INTO pg_dist_partition VALUES ('reading', 'h');
    CREATE FUNCTION citus_total_relation_size(name regclass) RETURNS int8 LANGUAGE sql
        AS 'SELECT pg_total_relation_size(name)';
    CREATE FUNCTION run_command_on_shards(name regclass, command text, OUT success bool, OUT result text)
        RETURNS SETOF record LANGUAGE plpgsql
        AS $$ BEGIN EXECUTE format(command, name) INTO result; success := true; RETURN NEXT; END $$;
"""


def make_like_citus(url: str) -> None:
    """Of a database that has our schema."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_LIKE_CITUS)
