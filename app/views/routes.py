"""Saved views."""

from typing import Annotated

from fastapi import APIRouter

from app.auth.deps import InReadTransaction, InWriteTransaction, Member
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.views import service
from app.views.schemas import ViewRead, ViewSave

router = APIRouter(
    prefix="/views",
    tags=["views"],
    route_class=StrictRoute,
    responses=problems(Unauthorized, Forbidden, NotFound),
)
ViewPath = Annotated[str, IdPath]


@router.get("")
async def views(principal: Member, session: InReadTransaction, pages: Pages) -> list[ViewRead]:
    """My saved views of this workspace, by name; nobody else sees them."""
    return pages.give(await service.page(session, principal, pages.asked))


@router.post("", status_code=201, responses=problems(Conflict))
async def save_view(body: ViewSave, principal: Member, session: InWriteTransaction) -> ViewRead:
    """Save a view under a name; a name of mine that is taken is a 409."""
    return await service.save(session, principal, body)


@router.put("/{view_id}", responses=problems(Conflict))
async def replace_view(view_id: ViewPath, body: ViewSave, principal: Member, session: InWriteTransaction) -> ViewRead:
    """Save another view, or another name, in this one's place."""
    return await service.replace(session, principal, view_id, body)


@router.delete("/{view_id}", status_code=204)
async def delete_view(view_id: ViewPath, principal: Member, session: InWriteTransaction) -> None:
    """Forget a saved view; the readings stay."""
    await service.delete(session, principal, view_id)
