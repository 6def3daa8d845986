"""Channels that alerts go out by, and the notifications: each an outbox entry and the record of its delivery.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import access

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("channel_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("channel_ulid", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel_id"),
        sa.UniqueConstraint("channel_ulid"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_channel_workspace_name"),
    )
    op.create_table(
        "notification",
        sa.Column("notification_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("notification_ulid", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("next_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.channel_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notification_id"),
        sa.UniqueConstraint("notification_ulid"),
    )
    op.create_index("ix_notification_workspace", "notification", ["workspace_id", "notification_ulid"])
    op.create_index("ix_notification_due", "notification", ["next_at"], postgresql_where=sa.text("state = 'queued'"))
    access.guard("channel", access.OWN_WORKSPACE)
    access.guard("notification", access.OWN_WORKSPACE)


def downgrade() -> None:
    op.drop_table("notification")
    op.drop_table("channel")
