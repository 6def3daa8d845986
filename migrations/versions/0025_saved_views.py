"""Views of the dashboard that a person has saved.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("view_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("view_ulid", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.user_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("view_id"),
        sa.UniqueConstraint("view_ulid"),
        sa.UniqueConstraint("workspace_id", "user_id", "name", name="uq_saved_view_name"),
    )
    op.create_index("ix_saved_view_user", "saved_view", ["user_id"])
    access.guard("saved_view", access.OWN_WORKSPACE)


def downgrade() -> None:
    op.drop_table("saved_view")
