"""A key says how line protocol that comes with it is read. Old code goes on: null is the common rule.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credential", sa.Column("line_protocol", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("credential", "line_protocol")
