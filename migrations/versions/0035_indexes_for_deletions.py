"""Whoever deletes a server or a channel finds what belongs to it by an index.

PostgreSQL looks for the rows that refer to a deleted one. Of a workspace with 10,000 servers it read `rule_state` and
`incident` whole 10,000 times.

Revision ID: 0035
Revises: 0034
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_rule_state_server", "rule_state", ["server_id"])
    op.create_index("ix_incident_server", "incident", ["server_id"])
    op.create_index("ix_notification_channel", "notification", ["channel_id", "notification_ulid"])


def downgrade() -> None:
    op.drop_index("ix_notification_channel", "notification")
    op.drop_index("ix_incident_server", "incident")
    op.drop_index("ix_rule_state_server", "rule_state")
