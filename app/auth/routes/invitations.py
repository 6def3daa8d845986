"""Invitations as the invited person meets them. The token travels in the body: it never stands in a URL."""

from fastapi import APIRouter

from app.auth import invitations
from app.auth.deps import InWriteTransaction, SignedIn
from app.auth.schemas.workspaces import InvitationShown, InvitationToken, WorkspaceOfUser
from app.core.deps import DatabaseDep
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.problems import problems
from app.core.strict_json import StrictRoute

router = APIRouter(prefix="/invitations", tags=["people"], route_class=StrictRoute)


@router.post("/show", responses=problems(NotFound))
async def show_invitation(body: InvitationToken, database: DatabaseDep) -> InvitationShown:
    """What an invitation offers; for its page, before anybody has signed in."""
    return await invitations.show(database, body.token)


@router.post("/accept", responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def accept_invitation(body: InvitationToken, principal: SignedIn, session: InWriteTransaction) -> WorkspaceOfUser:
    """Join the workspace of an invitation; it serves once."""
    return await invitations.accept_as(session, principal, body.token)
