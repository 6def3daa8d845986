"""Grants and row policies of a new table, for migrations; see ADR 3.

Where the user of the migrations may not create roles there are none, and these functions do nothing but switch
row-level security on, which does not bind the tables' owner.
"""

from collections.abc import Sequence

from alembic import op

WITH_ROLES = """
DO $$
BEGIN
    IF (SELECT count(*) = 2 FROM pg_roles WHERE rolname IN ('sentinela_reader', 'sentinela_writer')) THEN
        {statements};
    END IF;
END $$
"""
# A row belongs to the transaction's workspace; unset or empty, this is null and no row does.
OWN_WORKSPACE = "workspace_id = nullif(current_setting('sentinela.workspace', true), '')::int"
# Likewise, for what a server has: of the servers the reader sees only its workspace's.
OWN_SERVER = "server_id IN (SELECT server_id FROM server)"


def guard(table: str, condition: str, columns: Sequence[str] = ()) -> None:
    """The reader sees the rows that meet the condition (and only these columns), the writer reads and writes all."""
    keep_private(table)
    shown = f" ({', '.join(columns)})" if columns else ""
    _with_roles(
        f"GRANT SELECT{shown} ON {table} TO sentinela_reader",
        f"CREATE POLICY own_workspace ON {table} FOR SELECT TO sentinela_reader USING ({condition})",
    )


def keep_private(table: str) -> None:
    """The writer reads and writes all rows, the reader none."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    grant_to_writer(table)
    _with_roles(f"CREATE POLICY all_rows ON {table} TO sentinela_writer USING (true) WITH CHECK (true)")


def unguard(table: str) -> None:
    """Take back what `guard` or `keep_private` did to a table that the writer had before."""
    op.execute(f"DROP POLICY IF EXISTS own_workspace ON {table}")
    op.execute(f"DROP POLICY IF EXISTS all_rows ON {table}")
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    _with_roles(f"REVOKE ALL ON {table} FROM sentinela_reader")


def show_columns(table: str, columns: Sequence[str]) -> None:
    """Of a table that the reader saw whole it sees only these columns."""
    _with_roles(
        f"REVOKE SELECT ON {table} FROM sentinela_reader",  # noqa: S608 - of constants
        f"GRANT SELECT ({', '.join(columns)}) ON {table} TO sentinela_reader",
    )


def show_whole(table: str) -> None:
    """Take back what `show_columns` did."""
    _with_roles(f"GRANT SELECT ON {table} TO sentinela_reader")


def append_only(table: str, condition: str) -> None:
    """The reader sees the rows that meet the condition; the writer adds rows and sees all, but changes none."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    _with_roles(
        f"GRANT SELECT ON {table} TO sentinela_reader",
        f"GRANT SELECT, INSERT ON {table} TO sentinela_writer",
        f"CREATE POLICY own_workspace ON {table} FOR SELECT TO sentinela_reader USING ({condition})",
        f"CREATE POLICY all_rows ON {table} TO sentinela_writer USING (true) WITH CHECK (true)",
    )


def run_by_writer(function: str) -> None:
    """A function with its owner's rights that the writer alone may call, beside that owner."""
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    _with_roles(f"GRANT EXECUTE ON FUNCTION {function} TO sentinela_writer")


def grant_to_writer(table: str) -> None:
    """The writer reads and writes the table."""
    _with_roles(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO sentinela_writer")


def give_to_writer(table: str) -> None:
    """The writer owns the table: COPY FROM is refused where a policy binds the role, and none binds an owner."""
    op.execute(f"""
        DO $$
        BEGIN
            GRANT CREATE ON SCHEMA public TO sentinela_writer;
            ALTER TABLE {table} OWNER TO sentinela_writer;
            REVOKE CREATE ON SCHEMA public FROM sentinela_writer;
        EXCEPTION
            WHEN insufficient_privilege OR undefined_object THEN
                RAISE NOTICE 'the table {table} stays with its creator';
        END $$
    """)


def _with_roles(*statements: str) -> None:
    op.execute(WITH_ROLES.format(statements="; ".join(statements)))
