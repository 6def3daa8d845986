"""Servers: register, list, get, change."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.auth.deps import Admin, InReadTransaction, InWriteTransaction, Reader
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.core.text import MAX_NAME, NO_CONTROL_CHARACTERS
from app.servers import service
from app.servers.schemas import ServerCreate, ServerCreated, ServerPatch, ServerRead

router = APIRouter(prefix="/servers", tags=["servers"], route_class=StrictRoute)
ServerPath = Annotated[str, IdPath]
NameFilter = Annotated[
    str | None,
    Query(description="Only the server of exactly this name.", max_length=MAX_NAME, pattern=NO_CONTROL_CHARACTERS),
]


@router.post("", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def register_server(
    body: ServerCreate, principal: Admin, session: InWriteTransaction, response: Response
) -> ServerCreated:
    """Register a server and hand out its first device key, shown this once."""
    server = await service.register(session, principal, body)
    response.headers["Location"] = f"/servers/{server.server_ulid}"
    return server


@router.get("", responses=problems(Unauthorized, Forbidden, NotFound))
async def servers(principal: Reader, session: InReadTransaction, name: NameFilter = None) -> list[ServerRead]:
    """The workspace's servers, by name."""
    return await service.list_servers(session, principal.workspace_id, name)


@router.get("/{server_ulid}", responses=problems(Unauthorized, Forbidden, NotFound))
async def server(server_ulid: ServerPath, principal: Reader, session: InReadTransaction) -> ServerRead:
    """One server."""
    return await service.get(session, principal.workspace_id, server_ulid)


@router.patch("/{server_ulid}", responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def change_server(
    server_ulid: ServerPath, body: ServerPatch, principal: Admin, session: InWriteTransaction
) -> ServerRead:
    """Rename a server or set its own offline limit; what is left out stays, null returns to the default."""
    return await service.patch(session, principal.workspace_id, server_ulid, body)
