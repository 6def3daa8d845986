"""What people say of a server and a workspace: tags, interval, how long readings are kept, the time zone.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tags = sa.Column("tags", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("server", tags)
    op.add_column("server", sa.Column("interval_seconds", sa.Double(), nullable=True))
    op.add_column("server", sa.Column("retention_days", sa.Integer(), nullable=True))
    op.add_column("workspace", sa.Column("retention_days", sa.Integer(), nullable=True))
    op.add_column("workspace", sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False))


def downgrade() -> None:
    op.drop_column("workspace", "time_zone")
    op.drop_column("workspace", "retention_days")
    op.drop_column("server", "retention_days")
    op.drop_column("server", "interval_seconds")
    op.drop_column("server", "tags")
