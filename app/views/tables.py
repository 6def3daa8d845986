"""The table of saved views."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Identity, Index, Integer, Text, UniqueConstraint
from sqlalchemy import func as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Table


class View(Table):
    """What somebody looks at in a workspace, under a name of theirs; `query` is that of the page's address."""

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id", "name", name="uq_saved_view_name"),
        # Deleting an account looks its views up.
        Index("ix_saved_view_user", "user_id"),
    )

    view_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, init=False)
    view_ulid: Mapped[str] = mapped_column(Text, unique=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.workspace_id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.user_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=sql.now(), init=False)
