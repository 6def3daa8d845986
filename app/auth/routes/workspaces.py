"""Workspaces: what they are called, their time zone, how long they keep readings."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.auth import workspaces
from app.auth.deps import Admin, InReadTransaction, InWriteTransaction, Reader
from app.auth.schemas import WorkspacePatch, WorkspaceRead
from app.core.errors import Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.strict_json import StrictRoute


async def named_in_the_path(workspace_ulid: Annotated[str, IdPath]) -> None:
    """Declares the parameter; `deps.asked_workspace` reads it, so that below it the path decides."""


router = APIRouter(
    prefix="/workspaces/{workspace_ulid}",
    tags=["people"],
    route_class=StrictRoute,
    dependencies=[Depends(named_in_the_path)],
)


@router.get("", responses=problems(Unauthorized, Forbidden, NotFound))
async def workspace(principal: Reader, session: InReadTransaction) -> WorkspaceRead:
    """One of my workspaces."""
    return await workspaces.get(session, principal.workspace_id)


@router.patch("", responses=problems(Unauthorized, Forbidden, NotFound))
async def change_workspace(body: WorkspacePatch, principal: Admin, session: InWriteTransaction) -> WorkspaceRead:
    """Rename a workspace, set its time zone or how long it keeps readings; what is left out stays."""
    return await workspaces.patch(session, principal, body)
