"""Rules with a schedule, and the instant from which they look at readings.

Thresholds get a hysteresis instead of the value at which they end.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# Rules are a handful of rows a workspace: one statement.
RESHAPE = """
    UPDATE rule SET condition = (condition - 'clear') || jsonb_build_object(
        'hysteresis', coalesce(abs((condition ->> 'clear')::numeric
                                   - coalesce(condition ->> 'above', condition ->> 'below')::numeric), 0),
        'outside', NULL, 'inside', NULL, 'no_data_seconds', 3600)
    WHERE condition ->> 'kind' = 'threshold' AND NOT condition ? 'hysteresis'
"""


def upgrade() -> None:
    op.add_column("rule", sa.Column("schedule", postgresql.JSONB(), nullable=True))
    judged_from = sa.Column("judged_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    op.add_column("rule", judged_from)
    op.execute(RESHAPE)


def downgrade() -> None:
    op.drop_column("rule", "judged_from")
    op.drop_column("rule", "schedule")
