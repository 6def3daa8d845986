"""The tables of jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Double, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table

Moment = DateTime(timezone=True)


class Job(Table):
    """Long work: `parameters` say what to do, `checkpoint` how far it is, both known only to its kind."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_unfinished", "job_id", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_job_workspace", "workspace_id", "job_ulid"),
    )

    job_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    job_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str] = mapped_column(Text)
    owner_kind: Mapped[str | None] = mapped_column(Text, default=None)
    owner_ulid: Mapped[str | None] = mapped_column(Text, default=None)
    owner_name: Mapped[str | None] = mapped_column(Text, default=None)
    checkpoint: Mapped[dict[str, Any]] = mapped_column(JSONB, default_factory=dict)
    progress: Mapped[float] = mapped_column(Double, default=0.0)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    started_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    heartbeat_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    sent_at: Mapped[datetime] = mapped_column(Moment, server_default=sql.now(), init=False)
    """When the workers were last told of it."""
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"), init=False)
    """How often it was begun since it last got on."""
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    finished_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class JobLine(Table):
    """What happened to a job: `event` for programs, `text` for people."""

    __tablename__ = "job_line"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.job_id", ondelete="CASCADE"), primary_key=True)
    line_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(Moment, server_default=sql.clock_timestamp(), init=False)
    event: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
