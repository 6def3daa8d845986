"""What each notification tells of, what holds it back, and each attempt to deliver it.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

from app.core import access

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OWN_NOTIFICATION = "notification_id IN (SELECT notification_id FROM notification)"
QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    for column in (
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("head_id", sa.BigInteger(), nullable=True),
        sa.Column("silence_id", sa.BigInteger(), nullable=True),
        sa.Column("begun", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("notification", column)
    for name, columns, table, remote, on_delete in (
        ("notification_incident_id_fkey", ["incident_id"], "incident", ["incident_id"], "CASCADE"),
        ("notification_head_id_fkey", ["head_id"], "notification", ["notification_id"], "CASCADE"),
        ("notification_silence_id_fkey", ["silence_id"], "silence", ["silence_id"], "SET NULL"),
    ):
        op.create_foreign_key(name, "notification", table, columns, remote, ondelete=on_delete)
    op.create_index("ix_notification_incident", "notification", ["incident_id"])
    op.create_index("ix_notification_head", "notification", ["head_id"])
    op.create_index("ix_notification_silence", "notification", ["silence_id"])
    op.create_index("ix_notification_channel_due", "notification", ["channel_id", "next_at"], postgresql_where=QUEUED)
    # The one before told not by channel, which is how they are claimed now.
    op.drop_index("ix_notification_due", "notification")
    op.create_table(
        "delivery_attempt",
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["notification_id"], ["notification.notification_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notification_id", "attempt_id"),
    )
    access.guard("delivery_attempt", OWN_NOTIFICATION)


def downgrade() -> None:
    op.drop_table("delivery_attempt")
    op.create_index("ix_notification_due", "notification", ["next_at"], postgresql_where=QUEUED)
    for name in ("channel_due", "silence", "head", "incident"):
        op.drop_index(f"ix_notification_{name}", "notification")
    for name in ("begun", "silence_id", "head_id", "event_id", "incident_id"):
        op.drop_column("notification", name)
