"""Workspaces: founding them, and what their administrators say of them."""

from typing import Any

from app.auth import audit, queries
from app.auth.principals import Principal
from app.auth.schemas.workspaces import WorkspaceCreate, WorkspacePatch, WorkspaceRead
from app.auth.tables import Membership, User, Workspace
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid


async def create(session: WriteSession, principal: Principal, body: WorkspaceCreate) -> WorkspaceRead:
    """A further workspace, of which the principal is the administrator."""
    user = await session.get_one(User, principal.person)
    return _read(await found(session, user, **body.model_dump()))


async def found(session: WriteSession, user: User, name: str, **facts: Any) -> Workspace:
    """A new workspace of this name, with the user as its administrator."""
    workspace = Workspace(workspace_ulid=new_ulid(), name=name, **facts)
    session.add(workspace)
    await session.flush()
    session.add(Membership(workspace_id=workspace.workspace_id, user_id=user.user_id, role="admin"))
    person = audit.person(user, workspace.workspace_id)
    audit.record(session, person, "workspace.create", workspace.workspace_ulid, after=_facts(workspace))
    return workspace


async def get(session: ReadSession, workspace_id: int) -> WorkspaceRead:
    return _read(await _find(session, workspace_id))


async def patch(session: WriteSession, principal: Principal, body: WorkspacePatch) -> WorkspaceRead:
    """Change what was sent of the principal's workspace."""
    workspace = await _find(session, principal.workspace_id)
    before = _facts(workspace)
    for field, value in body.model_dump(exclude_unset=True).items():
        setattr(workspace, field, value)
    was, now = audit.differences(before, _facts(workspace))
    if now:
        audit.record(session, principal, "workspace.change", workspace.workspace_ulid, was, now)
    return _read(workspace)


async def _find(session: ReadSession | WriteSession, workspace_id: int) -> Workspace:
    return (await session.scalars(queries.people.workspace(workspace_id))).one()


def _facts(workspace: Workspace) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "time_zone": workspace.time_zone,
        "retention_days": workspace.retention_days,
    }


def _read(workspace: Workspace) -> WorkspaceRead:
    ulid, since = workspace.workspace_ulid, workspace.created_at
    return WorkspaceRead(workspace_ulid=ulid, created_at=since, **_facts(workspace))
