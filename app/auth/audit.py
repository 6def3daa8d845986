"""The record of who did what: one row a change, in the change's own transaction, never changed afterwards.

Rows leave in two ways only, both functions of the database (see the migration): by age, and a person's name and
address when their account is deleted.
"""

from collections.abc import Mapping
from typing import Any

from app.auth import queries
from app.auth.principals import Principal
from app.auth.tables import AuditEntry, User
from app.core import origin
from app.core.db import WriteSession
from app.core.identifiers import new_ulid

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
        person = Principal(
            workspace.workspace_id, frozenset(), session_ulid="", ulid=user.user_ulid, name=user.username
        )
        record(session, person, action, target, before, after)


def differences(before: Facts, after: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a change changed: the facts that differ, as they were and as they are."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
