"""The tables of presence. No foreign keys: ingest and the watcher write here for whole fleets at once."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Double, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table

Moment = DateTime(timezone=True)


class ServerActivity(Table):
    """When something last arrived from a server, by the database's clock."""

    __tablename__ = "server_activity"
    # Updated once a second a server: room on each page keeps the updates off the index.
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_arrival_at: Mapped[datetime] = mapped_column(Moment)


class ServerArrivals(Table):
    """What arrived from a server in one hour (of its arrival, hours since 1970); lags are microseconds from a
    reading's instant to its arrival, below zero where a device's clock is ahead.
    """

    __tablename__ = "server_arrivals"
    # The current hour's row is updated every few seconds: room on each page keeps the updates off the index.
    __table_args__ = {"postgresql_with": {"fillfactor": 70}}  # noqa: RUF012

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    received: Mapped[int] = mapped_column(BigInteger)
    duplicates: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[int] = mapped_column(BigInteger)
    least_lag: Mapped[int | None] = mapped_column(BigInteger)
    largest_lag: Mapped[int | None] = mapped_column(BigInteger)
    lags: Mapped[float] = mapped_column(Double)


class PresenceInterval(Table):
    """A time in which a server was online or offline; the one without an end is its state now."""

    __tablename__ = "presence_interval"
    __table_args__ = (Index("ix_presence_interval_open", "server_id", postgresql_where=text("ended_at IS NULL")),)

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    started_at: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class PlatformBeat(Table):
    """That a part of the platform worked at `beat_at`, and has since `since`: `ingest` or `watcher`."""

    __tablename__ = "platform_beat"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012

    part: Mapped[str] = mapped_column(Text, primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(Moment)
    since: Mapped[datetime] = mapped_column(Moment)


class PlatformOutage(Table):
    """A time in which a part of the platform did not work: the silence between two of its beats."""

    __tablename__ = "platform_outage"

    part: Mapped[str] = mapped_column(Text, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(Moment)
