"""What arrived from a server in each hour: received, duplicate, rejected, late, and how its clock stands.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COUNTERS = ("received", "duplicates", "rejected", "late")


def upgrade() -> None:
    op.create_table(
        "server_arrivals",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTERS),
        # Microseconds from a reading's instant to its arrival; below zero a device's clock is ahead.
        sa.Column("least_lag", sa.BigInteger(), nullable=True),
        sa.Column("largest_lag", sa.BigInteger(), nullable=True),
        sa.Column("lags", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "hour"),
        # The current hour's row is updated every few seconds: room on each page keeps the updates off the index.
        postgresql_with={"fillfactor": 70},
    )
    access.guard("server_arrivals", access.OWN_SERVER)


def downgrade() -> None:
    op.drop_table("server_arrivals")
