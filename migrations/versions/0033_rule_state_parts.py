"""Where each condition of a combined rule stands, and since when the whole is known.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null: a state of the code before, which knew one condition a rule.
    op.add_column("rule_state", sa.Column("parts", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("rule_state", "parts")
