"""When servers were online and offline, and when the platform itself was out.

Nothing is known of the time before: a server's first interval begins with what the watcher finds.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "presence_interval",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("server_id", "started_at"),
    )
    op.create_index(
        "ix_presence_interval_open", "presence_interval", ["server_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "platform_beat",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("part"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "platform_outage",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("part", "started_at"),
    )
    access.guard("presence_interval", "server_id IN (SELECT server_id FROM server)")
    access.guard("platform_beat", "true")
    access.guard("platform_outage", "true")


def downgrade() -> None:
    for table in ("platform_outage", "platform_beat", "presence_interval"):
        op.drop_table(table)
