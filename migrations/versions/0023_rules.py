"""Rules, where each of them stands with each server, incidents and what happened to them.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import access

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rule",
        sa.Column("rule_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("rule_ulid", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("condition", postgresql.JSONB(), nullable=False),
        sa.Column("server_ulids", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("tag_name", sa.Text(), nullable=True),
        sa.Column("tag_value", sa.Text(), nullable=True),
        sa.Column("channel_ulids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rule_id"),
        sa.UniqueConstraint("rule_ulid"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_rule_workspace_name"),
    )
    op.create_table(
        "rule_state",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.rule_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["server_id"], ["server.server_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rule_id", "server_id"),
    )
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident_ulid", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("server_id", sa.Integer(), nullable=True),
        sa.Column("rule_ulid", sa.Text(), nullable=False),
        sa.Column("rule_name", sa.Text(), nullable=False),
        sa.Column("server_ulid", sa.Text(), nullable=False),
        sa.Column("server_name", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("trace", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.rule_id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["server_id"], ["server.server_id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("incident_id"),
        sa.UniqueConstraint("incident_ulid"),
    )
    op.create_index("ix_incident_workspace", "incident", ["workspace_id", "incident_ulid"])
    op.create_index(
        "uq_incident_unresolved",
        "incident",
        ["rule_id", "server_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "incident_event",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("trace", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.incident_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("incident_id", "event_id"),
    )
    access.guard("rule", access.OWN_WORKSPACE)
    access.guard("rule_state", "rule_id IN (SELECT rule_id FROM rule)")
    access.guard("incident", access.OWN_WORKSPACE)
    access.guard("incident_event", "incident_id IN (SELECT incident_id FROM incident)")


def downgrade() -> None:
    for table in ("incident_event", "incident", "rule_state", "rule"):
        op.drop_table(table)
