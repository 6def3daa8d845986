"""The record of who did what. Its rows cannot be changed; two functions are the only ways out of it.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import access

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# With the rights of their owner, who made the table: the writer may call them and has no other way to take rows away.
PURGE = """
CREATE FUNCTION purge_audit_log(older_than timestamptz, at_most int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (SELECT workspace_id, audit_ulid FROM audit_log WHERE at < older_than ORDER BY at LIMIT at_most),
         gone AS (DELETE FROM audit_log USING old
                  WHERE audit_log.workspace_id = old.workspace_id AND audit_log.audit_ulid = old.audit_ulid
                  RETURNING 1)
    SELECT count(*)::int FROM gone
$$
"""
FORGET = """
CREATE FUNCTION forget_person_in_audit_log(person text) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH forgotten AS (UPDATE audit_log SET actor_name = NULL, address = NULL WHERE actor_ulid = person RETURNING 1)
    SELECT count(*)::int FROM forgotten
$$
"""


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("audit_ulid", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_ulid", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "audit_ulid"),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_action", "audit_log", ["workspace_id", "action", "audit_ulid"])
    op.create_index("ix_audit_log_actor", "audit_log", ["workspace_id", "actor_ulid", "audit_ulid"])
    op.create_index("ix_audit_log_target", "audit_log", ["workspace_id", "target", "audit_ulid"])
    access.append_only("audit_log", access.OWN_WORKSPACE)
    op.execute(PURGE)
    op.execute(FORGET)
    access.run_by_writer("purge_audit_log(timestamptz, int)")
    access.run_by_writer("forget_person_in_audit_log(text)")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_person_in_audit_log(text)")
    op.execute("DROP FUNCTION purge_audit_log(timestamptz, int)")
    op.drop_table("audit_log")
