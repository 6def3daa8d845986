"""Workspaces: making them, their settings, who belongs to them, and how people come and go."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Response

from app.auth import invitations, members, workspaces
from app.auth.deps import (
    Admin,
    AdminMember,
    InReadTransaction,
    InWriteTransaction,
    Member,
    Reader,
    SignedIn,
    named_in_the_path,
)
from app.auth.schemas.workspaces import (
    HandOver,
    InvitationCreate,
    InvitationCreated,
    InvitationRead,
    MemberRead,
    RoleChange,
    WorkspaceCreate,
    WorkspacePatch,
    WorkspaceRead,
)
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute

UserPath = Annotated[str, IdPath]
InvitationPath = Annotated[str, IdPath]
router = APIRouter(tags=["people"], route_class=StrictRoute)


one = APIRouter(
    prefix="/workspaces/{workspace_ulid}", route_class=StrictRoute, dependencies=[Depends(named_in_the_path)]
)


@router.post("/workspaces", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound))
async def create_workspace(
    body: WorkspaceCreate, principal: SignedIn, session: InWriteTransaction, response: Response
) -> WorkspaceRead:
    """Make a further workspace, which I administer."""
    made = await workspaces.create(session, principal, body)
    response.headers["Location"] = f"/workspaces/{made.workspace_ulid}"
    return made


@one.get("", responses=problems(Unauthorized, Forbidden, NotFound))
async def workspace(principal: Reader, session: InReadTransaction) -> WorkspaceRead:
    """One of my workspaces."""
    return await workspaces.get(session, principal.workspace_id)


@one.patch("", responses=problems(Unauthorized, Forbidden, NotFound))
async def change_workspace(body: WorkspacePatch, principal: Admin, session: InWriteTransaction) -> WorkspaceRead:
    """Rename a workspace, set its time zone or how long it keeps readings; what is left out stays."""
    return await workspaces.patch(session, principal, body)


@one.get("/members", responses=problems(Unauthorized, Forbidden, NotFound))
async def workspace_members(principal: Reader, session: InReadTransaction, pages: Pages) -> list[MemberRead]:
    """Who belongs to the workspace, in the order of joining."""
    return pages.give(await members.list_members(session, principal.workspace_id, pages.asked))


@one.patch("/members/{user_id}", responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def change_member(
    user_id: UserPath, body: RoleChange, principal: Admin, session: InWriteTransaction
) -> MemberRead:
    """Give a member another role: `viewer` reads, `operator` also writes, `admin` may do everything."""
    return await members.change_role(session, principal, user_id, body)


@one.delete("/members/{user_id}", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def remove_member(user_id: UserPath, principal: Admin, session: InWriteTransaction) -> None:
    """Take somebody out of the workspace, at once. Keys that they made stay: they belong to the workspace."""
    await members.remove(session, principal, user_id)


@one.post("/leave", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def leave_workspace(principal: Member, session: InWriteTransaction) -> None:
    """Leave the workspace; its last administrator hands over first."""
    await members.leave(session, principal)


@one.post("/handover", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def hand_over_workspace(body: HandOver, principal: AdminMember, session: InWriteTransaction) -> None:
    """Make another member administrator in my place; I stay as an operator, and may leave."""
    await members.hand_over(session, principal, body)


@one.post("/invitations", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound))
async def invite(
    body: InvitationCreate,
    principal: Admin,
    session: InWriteTransaction,
    database: DatabaseDep,
    settings: SettingsDep,
    background: BackgroundTasks,
) -> InvitationCreated:
    """Make a link by which somebody joins the workspace, once; it is shown this once, and mailed where possible.

    Who has an account takes it to `POST /invitations/accept`, who has none to `POST /auth/register`.
    """
    made = await invitations.invite(session, settings, principal, body)
    if made.mailed:
        background.add_task(invitations.mail_link, database, settings, principal, made)
    return made


@one.get("/invitations", responses=problems(Unauthorized, Forbidden, NotFound))
async def workspace_invitations(principal: Admin, session: InReadTransaction, pages: Pages) -> list[InvitationRead]:
    """The invitations that can still be used, oldest first."""
    return pages.give(await invitations.list_invitations(session, principal.workspace_id, pages.asked))


@one.delete("/invitations/{invitation_id}", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def withdraw_invitation(invitation_id: InvitationPath, principal: Admin, session: InWriteTransaction) -> None:
    """Make an invitation useless."""
    await invitations.withdraw(session, principal, invitation_id)


router.include_router(one)
