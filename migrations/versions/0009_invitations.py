"""Invitations and password resets; the reader may see who belongs to its workspace; lists in pages.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LIVE_API_KEY = sa.text("server_id IS NULL AND revoked_at IS NULL")
# One index look-up a row: a page of members costs the same in a workspace of ten thousand.
FELLOW = f"""EXISTS (
    SELECT FROM membership WHERE membership.user_id = user_account.user_id AND membership.{access.OWN_WORKSPACE}
)"""
NAMES = ("user_id", "user_ulid", "username")


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("invitation_ulid", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.workspace_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.user_id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("workspace_id", "invitation_ulid"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "password_reset",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.user_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_password_reset_user_id", "password_reset", ["user_id"])
    op.create_index("ix_membership_joined", "membership", ["workspace_id", "joined_at", "user_id"])
    op.create_index(
        "ix_credential_api_keys", "credential", ["workspace_id", "credential_ulid"], postgresql_where=LIVE_API_KEY
    )
    access.guard("invitation", access.OWN_WORKSPACE)
    access.keep_private("password_reset")
    access.guard("membership", access.OWN_WORKSPACE)
    access.guard("user_account", FELLOW, NAMES)
    access.keep_private("login_session")
    access.keep_private("refresh_token")


def downgrade() -> None:
    for table in ("refresh_token", "login_session", "user_account", "membership"):
        access.unguard(table)
    op.drop_index("ix_credential_api_keys", table_name="credential")
    op.drop_index("ix_membership_joined", table_name="membership")
    op.drop_table("password_reset")
    op.drop_table("invitation")
