"""Sealed readings: segments, one server's hour as compressed columns, and their statistics.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# pcodec has compressed them: PostgreSQL would try again and gain nothing. Those of a dense hour stand apart from the
# statistics, which are then read without them; those of a sparse hour are smaller than what standing apart costs.
STORAGE = """
ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL;
ALTER TABLE {table} SET (toast_tuple_target = 512)
"""


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timestamps", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "hour"),
    )
    op.create_table(
        "segment_column",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quantity_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("sum", "m2", "min", "max", "first", "last")),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "hour", "quantity_id"),
    )
    for table, column in (("segment", "timestamps"), ("segment_column", "payload")):
        op.execute(STORAGE.format(table=table, column=column))
        access.guard(table, access.OWN_SERVER)
        access.give_to_writer(table)


def downgrade() -> None:
    op.drop_table("segment_column")
    op.drop_table("segment")
