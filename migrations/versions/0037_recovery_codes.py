"""Codes that open in place of an authenticator, by their hashes.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["second_factor.user_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "code_hash"),
    )
    access.keep_private("recovery_code")


def downgrade() -> None:
    op.drop_table("recovery_code")
