"""`GET /fleet`."""

from fastapi import APIRouter

from app.auth.deps import Reader
from app.core.deps import DatabaseDep, SettingsDep
from app.core.errors import Forbidden, NotFound, Unauthorized
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.fleet import service
from app.fleet.schemas import Fleet

router = APIRouter(tags=["presence"], route_class=StrictRoute)


@router.get("/fleet", responses=problems(Unauthorized, Forbidden, NotFound))
async def fleet(principal: Reader, database: DatabaseDep, settings: SettingsDep, pages: Pages) -> Fleet:
    """Every server with its state, newest values and the last quarter of an hour, by name.

    What it costs depends on the number of servers alone: a sparkline has one reading of each half minute.
    """
    answer, page = await service.fleet(database, principal.workspace_id, settings.offline_after_seconds, pages.asked)
    pages.give(page)
    return answer
