"""Tables of readings: no foreign keys, sequences or triggers (invariant W7)."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table


class HotReading(Table):
    """A reading as a row; absent values are null, custom quantities stand in `extra`."""

    __tablename__ = "reading"

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    ts: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    temperature: Mapped[float | None] = mapped_column(Double)
    humidity: Mapped[float | None] = mapped_column(Double)
    voltage: Mapped[float | None] = mapped_column(Double)
    current: Mapped[float | None] = mapped_column(Double)
    extra: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class StoredSegment(Table):
    """One server's hour of sealed readings: how many instants, and which (see `segments.decode_timestamps`)."""

    __tablename__ = "segment"

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Hours since 1970, UTC."""
    count: Mapped[int] = mapped_column(Integer)
    first_ts: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_ts: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    timestamps: Mapped[bytes] = mapped_column(LargeBinary)
    quarters: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Statistics of the quarters of a dense hour (see `quarters`)."""


class StoredSegmentColumn(Table):
    """One quantity of a segment: its statistics, and its values (see `segments.decode_values`)."""

    __tablename__ = "segment_column"
    # The way to the newest value of each quantity that a server has; statistics are read from it alone.
    __table_args__ = (
        Index(
            "ix_segment_column_statistics", "server_id", "quantity_id", "hour",
            postgresql_include=["count", "sum", "m2", "min", "max", "first", "last"],
        ),
    )  # fmt: skip

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    quantity_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Of `quantities.QUANTITIES`, or of a custom quantity (`quantity.quantity_id`)."""
    count: Mapped[int] = mapped_column(Integer)
    sum: Mapped[float] = mapped_column(Double)
    m2: Mapped[float] = mapped_column(Double)
    min: Mapped[float] = mapped_column(Double)
    max: Mapped[float] = mapped_column(Double)
    first: Mapped[float] = mapped_column(Double)
    last: Mapped[float] = mapped_column(Double)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class ServerQuantity(Table):
    """A quantity that a server has sent at least once into hot readings."""

    __tablename__ = "server_quantity"

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text, primary_key=True)


class ServerHistory(Table):
    """How often a server's history (older than the cache's margin) has changed; part of every cache key."""

    __tablename__ = "server_history"

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)


class CustomQuantity(Table):
    """A quantity of a workspace beyond the known ones, registered when it was first sent."""

    __tablename__ = "quantity"
    __table_args__ = (UniqueConstraint("workspace_id", "name", name="uq_quantity_workspace_name"),)

    quantity_id: Mapped[int] = mapped_column(Integer, Identity(always=True, start=100), primary_key=True, init=False)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=sql.now(), init=False)


class StoredReceipt(Table):
    """What an ingest request did; without an answer while its transaction runs."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("workspace_id", "idempotency_key", name="uq_receipt_idempotency_key"),
        Index("ix_receipt_created_at", "created_at"),
    )

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspace.workspace_id", ondelete="CASCADE"), primary_key=True
    )
    receipt_ulid: Mapped[str] = mapped_column(Text, primary_key=True)
    idempotency_key: Mapped[str | None] = mapped_column(Text)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=sql.now(), init=False)
