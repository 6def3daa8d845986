"""What a database holds, as numbers by which to know it again: rows of each table, a sum for each server.

A row's part in a sum is half of its MD5, read as a number. Sums do not depend on the order of rows, nor on where they
are stored, and the columns are asked of the database, so that they are the same on every version of PostgreSQL and for
a schema that is older than this code.
"""

from collections import Counter
from typing import Any

import psycopg
from psycopg import sql

from app.backup.manifest import Progress, ServerSum, TableFacts

Connection = psycopg.Connection[Any]

# Migrations fill these, never a restore: the schema's revision, and a counter by which processes notice each other.
NOT_SAVED = ("alembic_version", "auth_epoch")
# Tables that hold readings, and what one of their rows counts.
COUNTED = {"reading": "1", "segment": "count", "segment_column": "0"}
# Servers of one statement: enough to make the round trips cheap, few enough for a bar that moves.
SERVERS_AT_ONCE = 50

_TABLES = """
    SELECT relname, pg_table_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> ALL(%s) ORDER BY relname
"""
_COLUMNS = """
    SELECT attname, atttypid = 'bytea'::regtype FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname
"""
_SUM = """
    SELECT server_id, sum({counted}), sum(('x' || left(md5(({columns})::text), 16))::bit(64)::bigint)
    FROM {table} WHERE server_id = ANY(%s) GROUP BY server_id
"""
_RUNNING_COPIES = """
    SELECT relid::regclass::text, tuples_processed FROM pg_stat_progress_copy
    WHERE datname = current_database()
"""


def revision(connection: Connection) -> str | None:
    """The schema's revision; None without a schema."""
    if not _value(connection, "SELECT to_regclass('public.alembic_version')"):
        return None
    found = _value(connection, "SELECT version_num FROM public.alembic_version")
    return str(found) if found else None


def tables(connection: Connection) -> dict[str, TableFacts]:
    """Rows and bytes of every table, as the connection's snapshot has them."""
    sizes = connection.execute(_TABLES, [list(NOT_SAVED)]).fetchall()
    count = sql.SQL("SELECT count(*) FROM public.{}")
    return {name: TableFacts(int(_value(connection, count.format(sql.Identifier(name)))), size) for name, size in sizes}


def server_sums(connection: Connection, progress: Progress) -> list[ServerSum]:
    """A sum for each server, by ULID."""
    servers = connection.execute("SELECT server_id, server_ulid, name FROM server ORDER BY server_id").fetchall()
    readings: Counter[int] = Counter()
    sums: Counter[int] = Counter()
    statements = [_sum_statement(connection, table) for table in COUNTED]
    for start in range(0, len(servers), SERVERS_AT_ONCE):
        some = [server_id for server_id, _, _ in servers[start : start + SERVERS_AT_ONCE]]
        for statement in statements:
            for server_id, count, total in connection.execute(statement, [some]):
                readings[server_id] += int(count)
                sums[server_id] += int(total)
        progress((start + len(some)) / len(servers))
    found = [ServerSum(ulid, name, readings[number], f"{sums[number] % 2**64:016x}") for number, ulid, name in servers]
    return sorted(found, key=lambda server: server.server_ulid)


def _sum_statement(connection: Connection, table: str) -> sql.Composed:
    columns = connection.execute(_COLUMNS, [f"public.{table}"]).fetchall()
    # Of bytes the MD5 at once: as text they would be twice as many.
    parts = [sql.SQL("md5({})" if is_bytes else "{}").format(sql.Identifier(name)) for name, is_bytes in columns]
    return sql.SQL(_SUM).format(
        counted=sql.SQL(COUNTED[table]), columns=sql.SQL(", ").join(parts), table=sql.Identifier("public", table)
    )


class CopyProgress:
    """How far the COPY statements of a dump or a restore are; asked over a connection of its own."""

    def __init__(self, connection: Connection, facts: dict[str, TableFacts]) -> None:
        self._connection = connection
        self._facts = facts
        self._shares: dict[str, float] = {}

    def __call__(self) -> float:
        """The share of all bytes, 0 to 1, that is done."""
        running = dict(self._connection.execute(_RUNNING_COPIES).fetchall())
        for name in self._shares.keys() - running.keys():
            self._shares[name] = 1.0
        for name, rows in running.items():
            if name in self._facts:
                self._shares[name] = min(rows / max(self._facts[name].rows, 1), 1.0)
        total = sum(facts.bytes for facts in self._facts.values()) or 1
        return sum(self._facts[name].bytes * share for name, share in self._shares.items()) / total


def _value(connection: Connection, statement: Any) -> Any:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
