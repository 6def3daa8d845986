"""Sessions of browsers, what a person may know of each session, and limits of single keys.

Sessions from before have no end of their own: their refresh tokens have one.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("token_hash", "expires_at", "last_used_at", "address", "user_agent")


def upgrade() -> None:
    op.add_column("login_session", sa.Column("token_hash", sa.LargeBinary(), nullable=True))
    op.add_column("login_session", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("login_session", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("login_session", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("login_session", sa.Column("user_agent", sa.Text(), nullable=True))
    op.create_unique_constraint("uq_login_session_token_hash", "login_session", ["token_hash"])
    op.create_index("ix_login_session_expires_at", "login_session", ["expires_at"])
    op.add_column("credential", sa.Column("rate_limit", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("credential", "rate_limit")
    for column in COLUMNS:
        op.drop_column("login_session", column)
