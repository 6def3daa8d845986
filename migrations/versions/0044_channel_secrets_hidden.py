"""Secrets of channels are for whoever delivers: the role that reads does not see them.

Revision ID: 0044
Revises: 0040
"""

from app.core import access

revision = "0044"
down_revision = "0040"
branch_labels = None
depends_on = None

SHOWN = (
    *("channel_id", "channel_ulid", "workspace_id", "name", "kind", "target", "settings", "enabled", "language"),
    *("events", "group_seconds", "per_minute", "allowance", "allowance_at", "quiet_until", "created_at"),
)


def upgrade() -> None:
    access.show_columns("channel", SHOWN)


def downgrade() -> None:
    access.show_whole("channel")
