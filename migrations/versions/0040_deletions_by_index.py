"""The ways by which PostgreSQL finds what refers to a server or a channel that is deleted.

Without them each deleted server is looked for in all incidents, and in what rules know of all servers: a workspace of
thousands could not be deleted within the time that a statement has.

Building them keeps what writes incidents and notifications waiting, about a second for a million rows.

Revision ID: 0040
Revises: 0033
"""

from alembic import op

revision = "0040"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_rule_state_server", "rule_state", ["server_id"])
    op.create_index("ix_incident_server", "incident", ["server_id"])
    op.create_index("ix_notification_channel", "notification", ["channel_id"])


def downgrade() -> None:
    op.drop_index("ix_notification_channel", "notification")
    op.drop_index("ix_incident_server", "incident")
    op.drop_index("ix_rule_state_server", "rule_state")
