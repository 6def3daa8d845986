"""What the catalog says of a cluster and of the tables that grow with readings; nothing here changes anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from app.cluster.errors import ClusterFailed
from app.cluster.placement import DISTRIBUTED, DISTRIBUTION_COLUMN

Connection = psycopg.Connection[Any]

_TABLES: LiteralString = """
    SELECT relname, pg_get_userbyid(relowner), relrowsecurity, pg_has_role(current_user, relowner, 'USAGE'),
           ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = pg_class.oid ORDER BY polname),
           coalesce(current_user = pg_get_userbyid(relowner), false)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY(%s)
"""
# Each line says what would keep a table from being distributed by its column.
_OBSTACLES: LiteralString = """
    WITH growing AS (
        SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%(tables)s)
    )
    SELECT relname || ': the unique index ' || index.indexrelid::regclass || ' lacks ' || %(column)s
    FROM growing JOIN pg_index AS index ON indrelid = oid
    WHERE indisunique AND NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = growing.oid AND attname = %(column)s AND attnum = ANY(indkey)
    )
    UNION ALL
    SELECT relname || ': no primary key' FROM growing
    WHERE NOT EXISTS (SELECT FROM pg_index WHERE indrelid = oid AND indisprimary)
    UNION ALL
    SELECT relname || ': the foreign key ' || conname FROM growing
    JOIN pg_constraint ON contype = 'f' AND growing.oid IN (conrelid, confrelid)
    UNION ALL
    SELECT relname || ': the trigger ' || tgname FROM growing JOIN pg_trigger ON tgrelid = growing.oid
    WHERE NOT tgisinternal
    UNION ALL
    SELECT relname || ': the column ' || attname || ' counts by a sequence' FROM growing
    JOIN pg_attribute ON attrelid = growing.oid AND attnum > 0
    WHERE attidentity <> '' OR pg_get_serial_sequence(quote_ident(relname), attname) IS NOT NULL
    UNION ALL
    SELECT relname || ': ' || %(column)s || ' may be null or is missing' FROM growing
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = growing.oid AND attname = %(column)s AND attnotnull
    )
    ORDER BY 1
"""
_PLACED: LiteralString = """
    SELECT logicalrelid::regclass::text, colocationid, count(shardid)
    FROM pg_dist_partition LEFT JOIN pg_dist_shard USING (logicalrelid)
    WHERE logicalrelid::regclass::text = ANY(%s) AND partmethod = 'h' GROUP BY 1, 2
"""
_NODES: LiteralString = """
    SELECT nodename, nodeport, groupid = 0 AS coordinates, isactive AND shouldhaveshards AS holds
    FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid
"""


@dataclass(frozen=True)
class GrowingTable:
    """A table that grows with readings, as it stands."""

    name: str
    owner: str
    guarded: bool
    """Whether row-level security is on."""
    policies: tuple[str, ...]
    may_alter: bool
    """Whether the connection's role may do what the table's owner may."""
    is_ours: bool
    """Whether it is the owner."""


@dataclass(frozen=True)
class Node:
    """A server of the cluster."""

    name: str
    port: int
    coordinates: bool
    holds: bool
    """Whether it is active and takes shards."""


@dataclass(frozen=True)
class Shards:
    """How a distributed table is cut; tables of one group have a server's rows on one node."""

    group: int
    count: int


def version(connection: Connection) -> str | None:
    """The version of the citus extension; None where there is none."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'citus'").fetchone()
    return str(row[0]) if row else None


def growing_tables(connection: Connection) -> list[GrowingTable]:
    """All of them, in the order in which they are distributed. Raises: ClusterFailed where the schema is missing."""
    rows = connection.execute(_TABLES, [list(DISTRIBUTED)]).fetchall()
    found = {
        name: GrowingTable(name, owner, guarded, tuple(policies), may, ours)
        for name, owner, guarded, may, policies, ours in rows
    }
    missing = [name for name in DISTRIBUTED if name not in found]
    if missing:
        raise ClusterFailed(
            f"the table {missing[0]} is missing here: start the API once, which brings the schema up to date"
        )
    return [found[name] for name in DISTRIBUTED]


def obstacles(connection: Connection, tables: Sequence[str] = DISTRIBUTED) -> list[str]:
    """Why these tables could not be distributed by `server_id`, a line each; empty when nothing is in the way."""
    parameters = {"tables": list(tables), "column": DISTRIBUTION_COLUMN}
    return [str(line) for (line,) in connection.execute(_OBSTACLES, parameters).fetchall()]


def placed(connection: Connection) -> dict[str, Shards]:
    """The tables that are distributed already; only where citus is."""
    rows = connection.execute(_PLACED, [list(DISTRIBUTED)]).fetchall()
    return {name: Shards(int(group), int(count)) for name, group, count in rows}


def nodes(connection: Connection) -> list[Node]:
    """The cluster's servers, as the coordinator knows them; only where citus is."""
    return [
        Node(str(name), int(port), bool(first), bool(holds)) for name, port, first, holds in connection.execute(_NODES)
    ]
