"""Two roles and row-level security: who reads sees its transaction's workspace only.

Roles belong to the whole PostgreSQL cluster, so another database may have made them already. A user that may not
create roles goes on without them: it owns the tables, and row-level security does not bind an owner.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MAKE_ROLES = """
DO $$
DECLARE role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['sentinela_reader', 'sentinela_writer'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            END IF;
            EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- another database's migration was faster
            WHEN insufficient_privilege THEN RAISE NOTICE 'going on without the role %', role_name;
        END;
    END LOOP;
END $$
"""

WITH_ROLES = """
DO $$
BEGIN
    IF (SELECT count(*) = 2 FROM pg_roles WHERE rolname IN ('sentinela_reader', 'sentinela_writer')) THEN
        {statements};
    END IF;
END $$
"""

# The expression that says a row belongs to the transaction's workspace; unset or empty, it is null and no row does.
WORKSPACE = "nullif(current_setting('sentinela.workspace', true), '')::int"
OF_A_WORKSPACE = ("workspace", "server", "credential", "job")
OF_A_SERVER = ("reading", "server_activity", "server_history")
PRIVATE = ("user_account", "membership", "login_session", "refresh_token")

# A reading is inserted once and leaves when its hour is sealed: vacuum by count, because a share of a table that
# grows all day comes too late.
VACUUM = """
ALTER TABLE reading SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000
)
"""


def upgrade() -> None:
    op.execute(MAKE_ROLES)
    readable = ", ".join(OF_A_WORKSPACE + OF_A_SERVER)
    everything = ", ".join(OF_A_WORKSPACE + OF_A_SERVER + PRIVATE)
    _with_roles(
        f"GRANT SELECT ON {readable} TO sentinela_reader",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {everything} TO sentinela_writer",
    )
    for table in OF_A_WORKSPACE:
        _guard(table, f"workspace_id = {WORKSPACE}")
    for table in OF_A_SERVER:
        _guard(table, "server_id IN (SELECT server_id FROM server)")
    _give_readings_to_the_writer()
    op.execute(VACUUM)


def _guard(table: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    _with_roles(
        f"CREATE POLICY own_workspace ON {table} FOR SELECT TO sentinela_reader USING ({condition})",
        f"CREATE POLICY all_rows ON {table} TO sentinela_writer USING (true) WITH CHECK (true)",
    )


def _give_readings_to_the_writer() -> None:
    """PostgreSQL refuses COPY FROM where a policy binds the role; an owner is not bound."""
    op.execute("""
        DO $$
        BEGIN
            GRANT CREATE ON SCHEMA public TO sentinela_writer;
            ALTER TABLE reading OWNER TO sentinela_writer;
            REVOKE CREATE ON SCHEMA public FROM sentinela_writer;
        EXCEPTION
            WHEN insufficient_privilege OR undefined_object THEN
                RAISE NOTICE 'the reading table stays with its creator';
        END $$
    """)


def _with_roles(*statements: str) -> None:
    op.execute(WITH_ROLES.format(statements="; ".join(statements)))


def downgrade() -> None:
    op.execute("ALTER TABLE reading OWNER TO CURRENT_USER")
    for table in OF_A_WORKSPACE + OF_A_SERVER:
        for policy in ("own_workspace", "all_rows"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
