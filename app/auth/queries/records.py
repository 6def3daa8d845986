"""Statements of the record of who did what."""

from datetime import datetime

from sqlalchemy import Select, func, select

from app.auth.schemas.shown import AuditFilter
from app.auth.tables import AuditEntry


def entries(workspace_id: int, wanted: AuditFilter, *, after: str | None, limit: int) -> Select[AuditEntry]:
    """The workspace's entries that meet the filter, newest first."""
    statement = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id)
    if wanted.action is not None:
        # `server.` asks for everything about servers; an index serves both.
        is_prefix = wanted.action.endswith(".")
        matches = AuditEntry.action.startswith(wanted.action, autoescape=True) if is_prefix else None
        statement = statement.where(matches if matches is not None else AuditEntry.action == wanted.action)
    if wanted.actor_id is not None:
        statement = statement.where(AuditEntry.actor_ulid == wanted.actor_id)
    if wanted.target is not None:
        statement = statement.where(AuditEntry.target == wanted.target)
    if wanted.start_time is not None:
        statement = statement.where(AuditEntry.at >= wanted.start_time)
    if wanted.end_time is not None:
        statement = statement.where(AuditEntry.at <= wanted.end_time)
    if after is not None:
        statement = statement.where(AuditEntry.audit_ulid < after)
    return statement.order_by(AuditEntry.audit_ulid.desc()).limit(limit)


def entries_of_person(user_ulid: str) -> Select[AuditEntry]:
    """All that a person did, in every workspace, oldest first."""
    return select(AuditEntry).where(AuditEntry.actor_ulid == user_ulid).order_by(AuditEntry.audit_ulid)


def purge(older_than: datetime, limit: int) -> Select[int]:
    """Delete at most `limit` entries from before then; how many it were."""
    return select(func.purge_audit_log(older_than, limit))
