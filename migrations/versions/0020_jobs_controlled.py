"""Jobs have an owner, a log, bounded attempts and can be cancelled.

Jobs from before have no owner; their log begins now. The old code goes on: every new column has a default.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = ("owner_kind", "owner_ulid", "owner_name", "attempts", "sent_at", "cancel_requested_at")


def upgrade() -> None:
    op.add_column("job", sa.Column("owner_kind", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("owner_ulid", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("owner_name", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    moment = sa.DateTime(timezone=True)
    op.add_column("job", sa.Column("sent_at", moment, server_default=sa.text("now()"), nullable=False))
    op.add_column("job", sa.Column("cancel_requested_at", moment, nullable=True))
    op.create_table(
        "job_line",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", moment, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "line_id"),
    )
    access.guard("job_line", "job_id IN (SELECT job_id FROM job)")


def downgrade() -> None:
    op.drop_table("job_line")
    for column in COLUMNS:
        op.drop_column("job", column)
