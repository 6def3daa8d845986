"""The tables of alerts."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table

Moment = DateTime(timezone=True)


class Channel(Table):
    """A way out for notifications: `target` is where to (a URL), `secret` signs what goes there."""

    __tablename__ = "channel"
    __table_args__ = (UniqueConstraint("workspace_id", "name", name="uq_channel_workspace_name"),)

    channel_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    channel_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text, repr=False)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class Notification(Table):
    """Something to be told by a channel, added in the transaction of what it tells; also what became of it.

    Its ULID is what the receiver knows it by, at each attempt the same.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_workspace", "workspace_id", "notification_ulid"),
        Index("ix_notification_due", "next_at", postgresql_where=text("state = 'queued'")),
    )

    notification_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    notification_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.channel_id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, default="queued")
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"), init=False)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    next_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    """When it is due; while an attempt runs, when that counts as lost."""
    delivered_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class Rule(Table):
    """What is worth an incident, at which servers, and who is told; `condition` as `conditions.Condition` writes it."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("workspace_id", "name", name="uq_rule_workspace_name"),)

    rule_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    rule_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    condition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    server_ulids: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    tag_name: Mapped[str | None] = mapped_column(Text)
    tag_value: Mapped[str | None] = mapped_column(Text)
    channel_ulids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    enabled: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class RuleState(Table):
    """Where a rule stands with a server: `seen` is the instant up to which readings were looked at, microseconds."""

    __tablename__ = "rule_state"

    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.rule_id", ondelete="CASCADE"), primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.server_id", ondelete="CASCADE"), primary_key=True)
    phase: Mapped[str] = mapped_column(Text)
    since: Mapped[int | None] = mapped_column(BigInteger)
    seen: Mapped[int] = mapped_column(BigInteger)


class Incident(Table):
    """A rule that fired at a server. Names and identifiers are those of then: it outlives both."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_workspace", "workspace_id", "incident_ulid"),
        Index(
            "uq_incident_unresolved", "rule_id", "server_id", unique=True, postgresql_where=text("state <> 'resolved'")
        ),
    )

    incident_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    incident_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("rule.rule_id", ondelete="SET NULL"))
    server_id: Mapped[int | None] = mapped_column(ForeignKey("server.server_id", ondelete="SET NULL"))
    rule_ulid: Mapped[str] = mapped_column(Text)
    rule_name: Mapped[str] = mapped_column(Text)
    server_ulid: Mapped[str] = mapped_column(Text)
    server_name: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(Moment)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    trace: Mapped[dict[str, Any]] = mapped_column(JSONB, default_factory=dict)


class IncidentEvent(Table):
    """A line of an incident's timeline."""

    __tablename__ = "incident_event"

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(Moment, server_default=sql.clock_timestamp(), init=False)
    event: Mapped[str] = mapped_column(Text)
    actor: Mapped[str | None] = mapped_column(Text, default=None)
    text: Mapped[str | None] = mapped_column(Text, default=None)
    trace: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)
