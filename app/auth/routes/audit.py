"""The record of who did what."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.auth import audit
from app.auth.deps import Admin, InReadTransaction
from app.auth.schemas.shown import AuditFilter, AuditRead
from app.core.errors import Forbidden, NotFound, Unauthorized
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute

router = APIRouter(prefix="/audit", tags=["people"], route_class=StrictRoute)


@router.get("", responses=problems(Unauthorized, Forbidden, NotFound))
async def audit_log(
    principal: Admin, session: InReadTransaction, wanted: Annotated[AuditFilter, Query()], pages: Pages
) -> list[AuditRead]:
    """Who did what in the workspace, newest first: changes of people, keys, servers and settings, and sign-ins."""
    return pages.give(await audit.list_entries(session, principal.workspace_id, wanted, pages.asked))
