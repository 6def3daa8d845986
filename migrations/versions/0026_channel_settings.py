"""What a channel may be told: its language, which events, how they are gathered, how many a minute.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TOLD = "'{opened,resolved}'"


def upgrade() -> None:
    # Constant defaults: none of these rewrites the table.
    for column in (
        sa.Column("settings", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), server_default=sa.text(TOLD), nullable=False),
        sa.Column("group_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("per_minute", sa.Integer(), server_default=sa.text("600"), nullable=False),
        sa.Column("allowance", sa.Double(), nullable=True),
        sa.Column("allowance_at", MOMENT, nullable=True),
        sa.Column("quiet_until", MOMENT, nullable=True),
    ):
        op.add_column("channel", column)


def downgrade() -> None:
    for name in (
        "quiet_until",
        "allowance_at",
        "allowance",
        "per_minute",
        "group_seconds",
        "events",
        "language",
        "enabled",
        "settings",
    ):
        op.drop_column("channel", name)
