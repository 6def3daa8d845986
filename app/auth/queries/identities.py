"""Statements of who people are at OIDC providers."""

from typing import Any

from sqlalchemy import Select, and_, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_into

from app.auth.tables import ExternalIdentity, User


def user_of(issuer: str, subject: str) -> Select[User]:
    """Who signs in by this identity."""
    mine = and_(ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject)
    return select(User).join(ExternalIdentity, ExternalIdentity.user_id == User.user_id).where(mine)


def of_user(user_id: int) -> Select[ExternalIdentity]:
    mine = select(ExternalIdentity).where(ExternalIdentity.user_id == user_id)
    return mine.order_by(ExternalIdentity.created_at)


def at(issuer: str, user_id: int) -> Select[ExternalIdentity]:
    """The user's identity at this provider."""
    return of_user(user_id).where(ExternalIdentity.issuer == issuer)


def insert(issuer: str, subject: str, user_id: int) -> Any:
    """Returns the row; nothing where the identity is somebody's already."""
    values = {"issuer": issuer, "subject": subject, "user_id": user_id}
    return insert_into(ExternalIdentity).values(values).on_conflict_do_nothing().returning(ExternalIdentity)


def delete_own(user_id: int, issuer: str, subject: str) -> Any:
    """Returns the issuer; nothing where the user has no such identity."""
    mine = and_(
        ExternalIdentity.user_id == user_id, ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject
    )
    return delete(ExternalIdentity).where(mine).returning(ExternalIdentity.issuer)
