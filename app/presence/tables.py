"""The table of arrivals."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Double, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table


class ServerActivity(Table):
    """When something last arrived from a server, by the database's clock. No foreign key: ingest writes here."""

    __tablename__ = "server_activity"
    # Updated once a second a server: room on each page keeps the updates off the index.
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_arrival_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


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
