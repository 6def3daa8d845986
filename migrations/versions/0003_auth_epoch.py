"""A count of every change that could take a right away, for the caches of ingest.

Raised by triggers, so that no way of changing a key or a server can forget to; `last_used_at` does not raise it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RAISE = """
CREATE FUNCTION raise_auth_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE auth_epoch SET epoch = epoch + 1;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "auth_epoch",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("one"),
        sa.CheckConstraint("one", name="ck_auth_epoch_one_row"),
    )
    op.execute("INSERT INTO auth_epoch DEFAULT VALUES")
    access.grant_to_writer("auth_epoch")
    op.execute(RAISE)
    op.execute("""
        CREATE TRIGGER raise_auth_epoch AFTER DELETE OR UPDATE OF revoked_at, expires_at, scopes ON credential
        FOR EACH STATEMENT EXECUTE FUNCTION raise_auth_epoch()
    """)
    op.execute("""
        CREATE TRIGGER raise_auth_epoch AFTER DELETE OR UPDATE ON server
        FOR EACH STATEMENT EXECUTE FUNCTION raise_auth_epoch()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER raise_auth_epoch ON server")
    op.execute("DROP TRIGGER raise_auth_epoch ON credential")
    op.execute("DROP FUNCTION raise_auth_epoch()")
    op.drop_table("auth_epoch")
