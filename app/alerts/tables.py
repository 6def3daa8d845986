"""The tables of alerts."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Double,
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
    """A way out for notifications: `target` is where to (a URL, addresses), `settings` what else its kind needs.

    `secret` is what nobody is shown again (a key, a token, a password); whoever delivers reads it, and no other query.
    """

    __tablename__ = "channel"
    __table_args__ = (UniqueConstraint("workspace_id", "name", name="uq_channel_workspace_name"),)

    channel_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    channel_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text, repr=False, deferred=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default_factory=dict)
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
    language: Mapped[str] = mapped_column(Text, server_default=text("'en'"), default="en")
    events: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{opened,resolved}'"), default_factory=lambda: ["opened", "resolved"]
    )
    group_seconds: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    """Incidents of one rule that come within so many seconds become one notification; 0: each its own."""
    per_minute: Mapped[int] = mapped_column(Integer, server_default=text("600"), default=600)
    allowance: Mapped[float | None] = mapped_column(Double, default=None, init=False)
    """How many attempts were free at `allowance_at`; nothing: all that may go at once."""
    allowance_at: Mapped[datetime | None] = mapped_column(Moment, default=None, init=False)
    quiet_until: Mapped[datetime | None] = mapped_column(Moment, default=None, init=False)
    """The receiver asked for peace until then."""
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class Silence(Table):
    """Nothing is told of incidents that match all of its matchers while it lasts; null matches everything."""

    __tablename__ = "silence"
    __table_args__ = (Index("ix_silence_workspace", "workspace_id", "ends_at"),)

    silence_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    silence_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(Text)
    server_ulids: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    tag_name: Mapped[str | None] = mapped_column(Text)
    tag_value: Mapped[str | None] = mapped_column(Text)
    rule_ulids: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    severities: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    starts_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)
    created_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class Notification(Table):
    """Something to be told by a channel, added in the transaction of what it tells; also what became of it.

    Its ULID is what the receiver knows it by, at each attempt the same.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_workspace", "workspace_id", "notification_ulid"),
        Index("ix_notification_incident", "incident_id"),
        Index("ix_notification_head", "head_id"),
        Index("ix_notification_silence", "silence_id"),
        Index("ix_notification_channel", "channel_id", "notification_ulid"),
        Index("ix_notification_channel_due", "channel_id", "next_at", postgresql_where=text("state = 'queued'")),
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
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), init=False)
    event_id: Mapped[int | None] = mapped_column(BigInteger, init=False)
    """The line of the incident's timeline that it tells."""
    head_id: Mapped[int | None] = mapped_column(
        ForeignKey("notification.notification_id", ondelete="CASCADE"), init=False
    )
    """The notification that tells this one's news too, in state `grouped`."""
    silence_id: Mapped[int | None] = mapped_column(ForeignKey("silence.silence_id", ondelete="SET NULL"), init=False)
    """What held it back last."""
    begun: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), init=False)
    """Whether it was attempted ever; from then on its news stay as they are."""


class DeliveryAttempt(Table):
    """One attempt to deliver a notification, and how it went."""

    __tablename__ = "delivery_attempt"

    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notification.notification_id", ondelete="CASCADE"), primary_key=True
    )
    attempt_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(Moment, server_default=sql.clock_timestamp(), init=False)
    seconds: Mapped[float] = mapped_column(Double)
    delivered: Mapped[bool] = mapped_column(Boolean)
    error: Mapped[str | None] = mapped_column(Text)


class Rule(Table):
    """What is worth an incident, at which servers, and who is told.

    `condition` and `schedule` are as `condition_schemas` writes them.
    """

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("workspace_id", "name", name="uq_rule_workspace_name"),)

    rule_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    rule_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    condition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    schedule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    server_ulids: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    tag_name: Mapped[str | None] = mapped_column(Text)
    tag_value: Mapped[str | None] = mapped_column(Text)
    channel_ulids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    enabled: Mapped[bool] = mapped_column(Boolean)
    reopen_seconds: Mapped[int] = mapped_column(Integer, server_default=text("300"), default=300)
    """An incident that begins again within so many seconds of its end is the same one."""
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    judged_from: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    """It looks at no reading from before: when it was made, changed or switched on."""


class RuleState(Table):
    """Where a rule stands with a server: `seen` is the instant up to which this is known, microseconds.

    `phase` and `since` are those of the whole; `parts` has for each simple condition its phase, since, the instant and
    the value of its newest reading.
    """

    __tablename__ = "rule_state"
    __table_args__ = (Index("ix_rule_state_server", "server_id"),)

    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.rule_id", ondelete="CASCADE"), primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.server_id", ondelete="CASCADE"), primary_key=True)
    phase: Mapped[str] = mapped_column(Text)
    since: Mapped[int | None] = mapped_column(BigInteger)
    seen: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[list[Any] | None] = mapped_column(JSONB, default=None)


class Incident(Table):
    """A rule that fired at a server. Names and identifiers are those of then: it outlives both."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_workspace", "workspace_id", "incident_ulid"),
        Index(
            "uq_incident_unresolved", "rule_id", "server_id", unique=True, postgresql_where=text("state <> 'resolved'")
        ),
        Index("ix_incident_latest", "rule_id", "server_id", "incident_id"),
        Index("ix_incident_server", "server_id"),
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
    reopened: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    """How often it began again soon after its end."""
    acknowledged_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    acknowledged_by: Mapped[str | None] = mapped_column(Text, default=None)
    resolved_by: Mapped[str | None] = mapped_column(Text, default=None)
    """Who ended it by hand; nobody: the rule did, or it has not ended."""


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
