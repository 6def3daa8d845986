"""The table of arrivals."""

from datetime import datetime

from sqlalchemy import DateTime, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table


class ServerActivity(Table):
    """When something last arrived from a server, by the database's clock. No foreign key: ingest writes here."""

    __tablename__ = "server_activity"
    # Updated once a second a server: room on each page keeps the updates off the index.
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012

    server_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_arrival_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
