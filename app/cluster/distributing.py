"""The statements that spread the growing tables over a cluster, and their running."""

from collections.abc import Callable, Mapping, Sequence

import psycopg

from app.cluster import inspecting
from app.cluster.errors import ClusterFailed
from app.cluster.inspecting import Connection, GrowingTable, Shards
from app.cluster.placement import DISTRIBUTED, DISTRIBUTION_COLUMN

LEADER = DISTRIBUTED[0]
Tell = Callable[[str, float], None]
"""Takes a table's name and the share that is done, 0 to 1, before it and after it."""


def plan(tables: Sequence[GrowingTable], placed: Mapping[str, Shards], shards: int) -> list[tuple[str, list[str]]]:
    """The tables that are not distributed yet, each with its statements, one transaction a table."""
    return [(table.name, _statements(table, shards)) for table in tables if table.name not in placed]


def distribute(connection: Connection, shards: int, tell: Tell) -> list[str]:
    """Distribute what is not distributed yet; the names of these tables. Each is done whole or not at all.

    The connection commits by itself. Raises: ClusterFailed.
    """
    steps = prepare(connection, shards)
    for done, (name, statements) in enumerate(steps):
        tell(name, done / len(steps))
        try:
            # Sent as one, PostgreSQL does them in one transaction.
            connection.execute("; ".join(statements).encode())
            # Its rows stand in shards now; what stood here before is hidden, and would only fill the disk.
            connection.execute("SELECT truncate_local_data_after_distributing_table(%s::text::regclass)", [name])
        except psycopg.Error as error:
            raise ClusterFailed(_reason(name, error)) from error
        tell(name, (done + 1) / len(steps))
    return [name for name, _ in steps]


def prepare(connection: Connection, shards: int) -> list[tuple[str, list[str]]]:
    """The plan for a database that can carry it out. Raises: ClusterFailed, which says what is missing."""
    if inspecting.version(connection) is None:
        raise ClusterFailed(
            "this database has no citus extension: set shared_preload_libraries = 'citus' on every node, and have a "
            "superuser CREATE EXTENSION citus; --dry-run shows the statements without it"
        )
    _require_place(connection)
    tables = inspecting.growing_tables(connection)
    steps = plan(tables, inspecting.placed(connection), shards)
    waiting = {name for name, _ in steps}
    _require_rights([table for table in tables if table.name in waiting])
    _require_no_obstacles(connection, [name for name, _ in steps])
    return steps


def _require_place(connection: Connection) -> None:
    nodes = inspecting.nodes(connection)
    own = connection.execute("SELECT groupid FROM pg_dist_local_group").fetchone()
    if own and own[0] != 0:
        raise ClusterFailed("this is a worker of the cluster: DATABASE_URL must name the coordinator")
    if not any(node.holds for node in nodes):
        raise ClusterFailed(
            "the cluster has no node that holds shards: on the coordinator SELECT citus_set_coordinator_host('host'), "
            "then for each worker SELECT citus_add_node('host', 5432)"
        )


def _require_rights(tables: Sequence[GrowingTable]) -> None:
    for table in tables:
        if not table.may_alter:
            raise ClusterFailed(
                f"the table {table.name} belongs to {table.owner}, and this role may not alter it: use the role that "
                f"ran the migrations, or GRANT {table.owner} to it"
            )


def _require_no_obstacles(connection: Connection, names: Sequence[str]) -> None:
    found = inspecting.obstacles(connection, names)
    if found:
        raise ClusterFailed(f"a table cannot be distributed: {found[0]}")


def _statements(table: GrowingTable, shards: int) -> list[str]:
    # Citus allows no subquery in a policy, and connects to its nodes as the role of the transaction: so one role owns
    # the tables, which no policy binds (ADR 51).
    statements = [f"DROP POLICY {policy} ON {table.name}" for policy in table.policies]
    if table.guarded:
        statements.append(f"ALTER TABLE {table.name} DISABLE ROW LEVEL SECURITY")
    if not table.is_ours:
        statements.append(f"ALTER TABLE {table.name} OWNER TO CURRENT_USER")
    leads = table.name == LEADER
    how = f"colocate_with => 'none', shard_count => {shards}" if leads else f"colocate_with => '{LEADER}'"
    return [*statements, f"SELECT create_distributed_table('{table.name}', '{DISTRIBUTION_COLUMN}', {how})"]


def _reason(name: str, error: psycopg.Error) -> str:
    detail = " ".join(part for part in (error.diag.message_detail, error.diag.message_hint) if part)
    return f"distributing {name}: {error.diag.message_primary or error} {detail}".strip()
