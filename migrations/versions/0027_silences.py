"""Silences, and incidents that begin again instead of anew.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import access

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.create_table(
        "silence",
        sa.Column("silence_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("silence_ulid", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("server_ulids", TEXTS, nullable=True),
        sa.Column("tag_name", sa.Text(), nullable=True),
        sa.Column("tag_value", sa.Text(), nullable=True),
        sa.Column("rule_ulids", TEXTS, nullable=True),
        sa.Column("severities", TEXTS, nullable=True),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("silence_id"),
        sa.UniqueConstraint("silence_ulid"),
    )
    op.create_index("ix_silence_workspace", "silence", ["workspace_id", "ends_at"])
    access.guard("silence", access.OWN_WORKSPACE)
    op.add_column("rule", sa.Column("reopen_seconds", sa.Integer(), server_default=sa.text("300"), nullable=False))
    op.add_column("incident", sa.Column("reopened", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("incident", sa.Column("acknowledged_at", MOMENT, nullable=True))
    op.add_column("incident", sa.Column("acknowledged_by", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("resolved_by", sa.Text(), nullable=True))
    # Hardly anybody has incidents yet, so that a moment's lock is shorter than building it beside the writers.
    op.create_index("ix_incident_latest", "incident", ["rule_id", "server_id", "incident_id"])


def downgrade() -> None:
    op.drop_index("ix_incident_latest", "incident")
    for name in ("resolved_by", "acknowledged_by", "acknowledged_at", "reopened"):
        op.drop_column("incident", name)
    op.drop_column("rule", "reopen_seconds")
    op.drop_table("silence")
