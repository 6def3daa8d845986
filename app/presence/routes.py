"""Presence: who is online, and who was when."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.auth.deps import InReadTransaction, Reader
from app.core.deps import SettingsDep
from app.core.errors import Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.presence import service
from app.presence.schemas import HistoryQuery, Interval, Presence

router = APIRouter(tags=["presence"], responses=problems(Unauthorized, Forbidden, NotFound))


@router.get("/health/all")
async def health_of_all(principal: Reader, session: InReadTransaction, settings: SettingsDep) -> list[Presence]:
    """The presence of every server in the workspace, by name."""
    return await service.presence_of_all(session, principal.workspace_id, settings.offline_after_seconds)


@router.get("/health/{server_ulid}")
async def health(
    server_ulid: Annotated[str, IdPath], principal: Reader, session: InReadTransaction, settings: SettingsDep
) -> Presence:
    """Whether a server is online: something has arrived within its limit (10 s unless it has its own).

    What counts is when a reading arrived, not the time it carries: old or future stamps change nothing.
    """
    limit = settings.offline_after_seconds
    return await service.presence_of(session, principal.workspace_id, server_ulid, limit)


@router.get("/servers/{server_ulid}/presence")
async def presence_history(
    server_ulid: Annotated[str, IdPath],
    query: Annotated[HistoryQuery, Query()],
    principal: Reader,
    session: InReadTransaction,
    pages: Pages,
) -> list[Interval]:
    """When a server was online and when offline, newest first; the first interval goes on.

    The watcher notices a change within a second. Outages of Sentinela itself make nobody offline: while nothing can
    arrive, and until the server's limit has passed anew after that, silence does not count.
    """
    return pages.give(await service.history(session, principal.workspace_id, server_ulid, query, pages.asked))
