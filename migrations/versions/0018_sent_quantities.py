"""Which quantities a server has sent, and the way to the newest sealed value of each: what GET /data/latest needs.

Revision ID: 0018
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0018"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "server_quantity",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "name"),
    )
    access.guard("server_quantity", access.OWN_SERVER)
    # Some 100 bytes an hour of a server with four quantities; without it the newest value of one that a server no
    # longer sends is looked for in every hour.
    op.create_index("ix_segment_column_newest", "segment_column", ["server_id", "quantity_id", "hour"])


def downgrade() -> None:
    op.drop_index("ix_segment_column_newest", table_name="segment_column")
    op.drop_table("server_quantity")
