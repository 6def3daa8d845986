"""Tables of people and credentials."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table

Moment = DateTime(timezone=True)


class Workspace(Table):
    """A tenant: servers, readings, keys and jobs belong to exactly one."""

    __tablename__ = "workspace"

    workspace_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    workspace_ulid: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC", default="UTC")
    """Of the IANA database; what a calendar day is here."""
    retention_days: Mapped[int | None] = mapped_column(Integer, default=None)
    """How long readings are kept unless the server says otherwise; null: for ever."""
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class User(Table):
    """A person. `username` is stored trimmed and case-folded."""

    __tablename__ = "user_account"

    user_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    user_ulid: Mapped[str] = mapped_column(Text, unique=True)
    username: Mapped[str] = mapped_column(Text, unique=True)
    email: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text, repr=False)
    administers_installation: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), default=False)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class Membership(Table):
    """A person's role in a workspace."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_joined", "workspace_id", "joined_at", "user_id"),)

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspace.workspace_id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.user_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(Text)
    joined_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class Invitation(Table):
    """A link that lets whoever holds it join a workspace, once; gone when it was used or withdrawn."""

    __tablename__ = "invitation"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspace.workspace_id", ondelete="CASCADE"), primary_key=True
    )
    invitation_ulid: Mapped[str] = mapped_column(Text, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True, repr=False)
    role: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.user_id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class PasswordReset(Table):
    """A link that lets a person choose a new password, once."""

    __tablename__ = "password_reset"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.user_id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class ExternalIdentity(Table):
    """Who a person is at an OIDC provider, by the two names that never change."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.user_id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)


class SecondFactor(Table):
    """A person's authenticator. Its secret is derived from this salt and the installation's key (see `otp`)."""

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.user_id", ondelete="CASCADE"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    """When a first code was right; null: signing in does not ask for one yet."""
    last_step: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """The time step of the last code that was taken; neither it nor an earlier one is taken again."""


class RecoveryCode(Table):
    """A code that opens in place of the authenticator, by its hash; gone when it was used."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(ForeignKey("second_factor.user_id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, repr=False)


class LoginSession(Table):
    """One login: a program's, with tokens that die with it, or a browser's, recognised by its cookie's hash."""

    __tablename__ = "login_session"
    __table_args__ = (UniqueConstraint("token_hash", name="uq_login_session_token_hash"),)

    session_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    session_ulid: Mapped[str] = mapped_column(Text, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.user_id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, repr=False)
    expires_at: Mapped[datetime | None] = mapped_column(Moment, default=None, index=True)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    """To the minute."""
    address: Mapped[str | None] = mapped_column(Text, default=None)
    user_agent: Mapped[str | None] = mapped_column(Text, default=None)


class RefreshToken(Table):
    """A refresh token by its hash; used once, and a second use ends the session."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("login_session.session_id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class Credential(Table):
    """An API key (`server_id` is null) or a server's device key; only its hash is kept."""

    __tablename__ = "credential"
    __table_args__ = (
        Index("ix_credential_workspace", "workspace_id", "credential_ulid"),
        # A fleet has ten thousand device keys; a page of the few API keys must not walk over them.
        Index(
            "ix_credential_api_keys",
            "workspace_id",
            "credential_ulid",
            postgresql_where=text("server_id IS NULL AND revoked_at IS NULL"),
        ),
    )

    credential_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    credential_ulid: Mapped[str] = mapped_column(Text, unique=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True, repr=False)
    prefix: Mapped[str] = mapped_column(Text)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    server_id: Mapped[int | None] = mapped_column(ForeignKey("server.server_id", ondelete="CASCADE"), index=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.user_id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    expires_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    rate_limit: Mapped[int | None] = mapped_column(Integer, default=None)
    """Readings a second; null: the installation's."""
    line_protocol: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), default=None)
    """How line protocol that comes with it is read; null: by the common rule."""


class AuthEpoch(Table):
    """One row: how often something changed that could take a right away. Triggers raise it."""

    __tablename__ = "auth_epoch"

    one: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), primary_key=True, init=False)
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), init=False)


class AuditEntry(Table):
    """Who did what, in one workspace. The writer may add and read rows, and nothing else."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_action", "workspace_id", "action", "audit_ulid"),
        Index("ix_audit_log_actor", "workspace_id", "actor_ulid", "audit_ulid"),
        Index("ix_audit_log_target", "workspace_id", "target", "audit_ulid"),
    )

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspace.workspace_id", ondelete="CASCADE"), primary_key=True
    )
    audit_ulid: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False, index=True)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_ulid: Mapped[str] = mapped_column(Text)
    actor_name: Mapped[str | None] = mapped_column(Text)
    """As it was then; null once the person has deleted their account."""
    action: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    address: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
