"""Tables of readings: no foreign keys, sequences or triggers (invariant W7)."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Double, Integer
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


class ServerHistory(Table):
    """How often a server's history (older than the cache's margin) has changed; part of every cache key."""

    __tablename__ = "server_history"

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
