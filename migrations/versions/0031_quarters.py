"""Statistics of the quarters of dense hours, where days of Kathmandu, India or Adelaide begin.

Null in segments that were written before, or by code of before: those are decoded.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("segment", sa.Column("quarters", sa.LargeBinary(), nullable=True))
    # Sums do not compress; like the instants they stand apart from what a question of many hours reads.
    op.execute("ALTER TABLE segment ALTER COLUMN quarters SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_column("segment", "quarters")
