"""The record of who did what: one row a change, in the change's own transaction, never changed afterwards.

Rows leave in two ways only, both functions of the database (see the migration): by age, and a person's name and
address when their account is deleted.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.auth import queries
from app.auth.principals import Principal
from app.auth.schemas.shown import AuditFilter, AuditRead
from app.auth.tables import AuditEntry, User
from app.core import origin
from app.core.clock import now
from app.core.db import Database, ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.core.settings import Settings

Facts = Mapping[str, Any]


def record(
    session: WriteSession,
    principal: Principal,
    action: str,
    target: str,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Note in the principal's workspace that they did `action` (`server.change`) to `target` (an identifier).

    Of a change `before` and `after` hold the facts that differ, as JSON; never a secret. Commits or vanishes with the
    session's transaction; where from is taken from `core.origin`.
    """
    came = origin.current()
    session.add(
        AuditEntry(
            audit_ulid=new_ulid(),
            workspace_id=principal.workspace_id,
            actor_kind=principal.kind,
            actor_ulid=principal.ulid,
            actor_name=principal.name,
            action=action,
            target=target,
            before=dict(before) if before is not None else None,
            after=dict(after) if after is not None else None,
            address=came.address,
            request_id=came.request_id,
        )
    )


async def record_person(
    session: WriteSession, user: User, action: str, target: str, before: Facts | None = None, after: Facts | None = None
) -> None:
    """Note what a person did to their own account or sessions, in each of their workspaces."""
    for workspace, _ in (await session.execute(queries.people.workspaces_of(user.user_id))).all():
        record(session, person(user, workspace.workspace_id), action, target, before, after)


def person(user: User, workspace_id: int) -> Principal:
    """Somebody in a workspace, as the record names them; they may do nothing by it."""
    return Principal(workspace_id, frozenset(), session_ulid="", ulid=user.user_ulid, name=user.username)


def differences(before: Facts, after: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a change changed: the facts that differ, as they were and as they are."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}


async def list_entries(session: ReadSession, workspace_id: int, wanted: AuditFilter, asked: Asked) -> Page[AuditRead]:
    """What the workspace's record says, newest first."""
    key = asked.key(str)
    statement = queries.records.entries(workspace_id, wanted, after=key and key[0], limit=asked.fetch)
    rows = (await session.scalars(statement)).all()
    return asked.cut(rows, lambda row: (row.audit_ulid,)).map(read)


async def purge(database: Database, settings: Settings, slice_size: int = 1000) -> int:
    """Delete what is older than AUDIT_RETENTION_DAYS, in slices; returns how many entries."""
    if not settings.audit_retention_days:
        return 0
    older_than, deleted = now() - timedelta(days=settings.audit_retention_days), 0
    while True:
        async with database.write() as session:
            count = int(await session.scalar(queries.records.purge(older_than, slice_size)) or 0)
        deleted += count
        if count < slice_size:
            return deleted


def read(row: AuditEntry) -> AuditRead:
    return AuditRead.model_validate(
        {
            "audit_id": row.audit_ulid,
            "at": row.at,
            "actor_kind": row.actor_kind,
            "actor_id": row.actor_ulid,
            "actor_name": row.actor_name,
            "action": row.action,
            "target": row.target,
            "before": row.before,
            "after": row.after,
            "address": row.address,
            "request_id": row.request_id,
        }
    )
