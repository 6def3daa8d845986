"""Receipts of ingest requests that can be read and replayed for a day.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("receipt_ulid", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "receipt_ulid"),
        sa.UniqueConstraint("workspace_id", "idempotency_key", name="uq_receipt_idempotency_key"),
    )
    op.create_index("ix_receipt_created_at", "receipt", ["created_at"])
    access.guard("receipt", access.OWN_WORKSPACE)


def downgrade() -> None:
    op.drop_table("receipt")
