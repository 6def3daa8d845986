"""The custom quantities of a workspace.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quantity",
        # Below are the numbers of the known quantities.
        sa.Column("quantity_id", sa.Integer(), sa.Identity(always=True, start=100), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("quantity_id"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_quantity_workspace_name"),
    )
    access.guard("quantity", access.OWN_WORKSPACE)


def downgrade() -> None:
    op.drop_table("quantity")
