"""Servers: register, list, get, change; their device keys."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.auth.deps import Admin, InReadTransaction, InWriteTransaction, Reader
from app.auth.schemas.keys import DeviceKey, DeviceKeyCreate, DeviceKeyCreated
from app.core.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.core.identifiers import IdPath
from app.core.paging import Pages
from app.core.problems import problems
from app.core.strict_json import StrictRoute
from app.servers import service
from app.servers.schemas import ServerCreate, ServerCreated, ServerFilter, ServerPatch, ServerRead

router = APIRouter(prefix="/servers", tags=["servers"], route_class=StrictRoute)
ServerPath = Annotated[str, IdPath]
KeyPath = Annotated[str, IdPath]


@router.post("", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def register_server(
    body: ServerCreate, principal: Admin, session: InWriteTransaction, response: Response
) -> ServerCreated:
    """Register a server and hand out its first device key, shown this once."""
    server = await service.register(session, principal, body)
    response.headers["Location"] = f"/servers/{server.server_ulid}"
    return server


@router.get("", responses=problems(Unauthorized, Forbidden, NotFound))
async def servers(
    principal: Reader, session: InReadTransaction, wanted: Annotated[ServerFilter, Query()], pages: Pages
) -> list[ServerRead]:
    """The workspace's servers, by name."""
    return pages.give(await service.list_servers(session, principal.workspace_id, wanted, pages.asked))


@router.get("/{server_ulid}", responses=problems(Unauthorized, Forbidden, NotFound))
async def server(server_ulid: ServerPath, principal: Reader, session: InReadTransaction) -> ServerRead:
    """One server."""
    return await service.get(session, principal.workspace_id, server_ulid)


@router.patch("/{server_ulid}", responses=problems(Unauthorized, Forbidden, NotFound, Conflict))
async def change_server(
    server_ulid: ServerPath, body: ServerPatch, principal: Admin, session: InWriteTransaction
) -> ServerRead:
    """Change a server; what is left out stays, null returns to the default, and `tags` replaces all of them."""
    return await service.patch(session, principal, server_ulid, body)


@router.post("/{server_ulid}/keys", status_code=201, responses=problems(Unauthorized, Forbidden, NotFound))
async def create_device_key(
    server_ulid: ServerPath,
    principal: Admin,
    session: InWriteTransaction,
    body: DeviceKeyCreate | None = None,
) -> DeviceKeyCreated:
    """Make another device key of a server, shown this once.

    To change a device's key without a gap: make a new one with `old_keys_valid_until` in a few days, give it to the
    device, and the old ones end by themselves. Without `old_keys_valid_until` they stay as they are.
    """
    return await service.add_key(session, principal, server_ulid, body or DeviceKeyCreate())


@router.get("/{server_ulid}/keys", responses=problems(Unauthorized, Forbidden, NotFound))
async def device_keys(server_ulid: ServerPath, principal: Admin, session: InReadTransaction) -> list[DeviceKey]:
    """A server's device keys, oldest first, without the keys themselves."""
    return await service.keys_of(session, principal.workspace_id, server_ulid)


@router.delete("/{server_ulid}/keys/{key_id}", status_code=204, responses=problems(Unauthorized, Forbidden, NotFound))
async def revoke_device_key(
    server_ulid: ServerPath, key_id: KeyPath, principal: Admin, session: InWriteTransaction
) -> None:
    """Revoke a device key; within a second every process refuses it."""
    await service.remove_key(session, principal, server_ulid, key_id)
