"""Statements of saved views: row-level security shows a workspace's, these a person's of them."""

from sqlalchemy import Select, func, select

from app.core.paging import Asked
from app.views.tables import View


def page(workspace_id: int, user_id: int, asked: Asked) -> Select[View]:
    """By name."""
    statement = _own(workspace_id, user_id).order_by(View.name).limit(asked.fetch)
    if key := asked.key(str):
        statement = statement.where(View.name > key[0])
    return statement


def one(workspace_id: int, user_id: int, view_ulid: str) -> Select[View]:
    return _own(workspace_id, user_id).where(View.view_ulid == view_ulid)


def number(workspace_id: int, user_id: int) -> Select[int]:
    """How many a person has."""
    return select(func.count()).select_from(_own(workspace_id, user_id).subquery())


def _own(workspace_id: int, user_id: int) -> Select[View]:
    return select(View).where(View.workspace_id == workspace_id, View.user_id == user_id)
