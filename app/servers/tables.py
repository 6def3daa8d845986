"""The table of servers."""

from datetime import datetime

from sqlalchemy import DateTime, Double, ForeignKey, Identity, Integer, Text, UniqueConstraint, text
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table


class Server(Table):
    """A thing in the field; a ULID outside, a small integer in every table that grows with its readings."""

    __tablename__ = "server"
    __table_args__ = (UniqueConstraint("workspace_id", "name", name="uq_server_workspace_name"),)

    server_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    server_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    offline_after_seconds: Mapped[int | None] = mapped_column(Integer, default=None)
    interval_seconds: Mapped[float | None] = mapped_column(Double, default=None)
    """The declared time between two readings; null: unknown."""
    retention_days: Mapped[int | None] = mapped_column(Integer, default=None)
    """How long its readings are kept; null: as the workspace says."""
    tags: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default_factory=dict)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=sql.now(), init=False)
