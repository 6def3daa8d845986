"""Registering servers and finding them."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.auth import audit
from app.auth.keys import create_device_key, list_device_keys, new_credential, revoke_key
from app.auth.principals import Principal
from app.auth.schemas.keys import DeviceKey, DeviceKeyCreate, DeviceKeyCreated
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.core.text import Name
from app.servers import queries
from app.servers.errors import NameTaken, NoSuchServer
from app.servers.schemas import ServerCreate, ServerCreated, ServerFilter, ServerPatch, ServerRead
from app.servers.tables import Server

_NAME = TypeAdapter(Name)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)


def canonical_ulid(text: str) -> str | None:
    """The identifier in capitals, or None for a text that is none and so names nothing."""
    upper = text.upper()
    return upper if _ULID.fullmatch(upper) else None


async def register(session: WriteSession, principal: Principal, body: ServerCreate) -> ServerCreated:
    """Register a server with its first device key. Raises: NameTaken."""
    server = Server(
        server_ulid=new_ulid(),
        workspace_id=principal.workspace_id,
        name=body.server_name,
        **body.model_dump(exclude={"server_name"}),
    )
    session.add(server)
    await _flush_name(session, body.server_name)
    audit.record(session, principal, "server.create", server.server_ulid, after=_facts(server))
    key, row = new_credential(principal, "first device key", ["write"], server.server_id)
    session.add(row)
    return ServerCreated(device_key=key, **_read(server).model_dump())


async def patch(session: WriteSession, principal: Principal, server_ulid: str, body: ServerPatch) -> ServerRead:
    """Change what was sent. Raises: NoSuchServer, NameTaken."""
    server = await find(session, principal.workspace_id, server_ulid)
    before = _facts(server)
    if body.server_name is not None:
        server.name = body.server_name
    for field, value in body.model_dump(exclude_unset=True, exclude={"server_name"}).items():
        setattr(server, field, {} if field == "tags" and value is None else value)
    await _flush_name(session, server.name)
    was, now = audit.differences(before, _facts(server))
    if now:
        audit.record(session, principal, "server.change", server.server_ulid, was, now)
    return _read(server)


async def find(session: ReadSession | WriteSession, workspace_id: int, server_ulid: str) -> Server:
    """One server of the workspace. Raises: NoSuchServer."""
    return (await find_all(session, workspace_id, [server_ulid]))[0]


async def find_all(
    session: ReadSession | WriteSession, workspace_id: int, server_ulids: Collection[str]
) -> Sequence[Server]:
    """These servers of the workspace; the first unknown one raises NoSuchServer."""
    wanted = {canonical_ulid(text) or text: text for text in server_ulids}
    known = [ulid for ulid in wanted if canonical_ulid(ulid)]
    found = (await session.scalars(queries.servers(workspace_id, ulids=known))).all()
    missing = wanted.keys() - {server.server_ulid for server in found}
    if missing:
        raise NoSuchServer(wanted[min(missing)])
    return found


async def list_servers(session: ReadSession, workspace_id: int, wanted: ServerFilter, asked: Asked) -> Page[ServerRead]:
    """The workspace's servers that meet the filter, by name."""
    key = asked.key(str)
    statement = queries.page_of_servers(workspace_id, wanted, after=key and key[0], limit=asked.fetch)
    return asked.cut((await session.scalars(statement)).all(), lambda server: (server.name,)).map(_read)


async def get(session: ReadSession, workspace_id: int, server_ulid: str) -> ServerRead:
    """One server of the workspace. Raises: NoSuchServer."""
    return _read(await find(session, workspace_id, server_ulid))


async def add_key(
    session: WriteSession, principal: Principal, server_ulid: str, body: DeviceKeyCreate
) -> DeviceKeyCreated:
    """Make another device key of a server. Raises: NoSuchServer."""
    server = await find(session, principal.workspace_id, server_ulid)
    return await create_device_key(session, principal, server.server_id, body)


async def keys_of(session: ReadSession, workspace_id: int, server_ulid: str) -> list[DeviceKey]:
    """A server's device keys, oldest first. Raises: NoSuchServer."""
    server = await find(session, workspace_id, server_ulid)
    return await list_device_keys(session, workspace_id, server.server_id)


async def remove_key(session: WriteSession, principal: Principal, server_ulid: str, key_id: str) -> None:
    """Revoke one of a server's device keys. Raises: NoSuchServer, NoSuchKey."""
    server = await find(session, principal.workspace_id, server_ulid)
    await revoke_key(session, principal, key_id, server.server_id)


def is_name(text: str) -> bool:
    """Whether a server may be called so."""
    try:
        return _NAME.validate_python(text) == text
    except ValidationError:
        return False


async def numbers(session: WriteSession, workspace_id: int) -> dict[str, int]:
    """The numbers of the workspace's servers, by name and by ULID; a ULID goes before another server's name."""
    found = (await session.scalars(queries.servers(workspace_id))).all()
    by_name = {server.name: server.server_id for server in found}
    return by_name | {server.server_ulid: server.server_id for server in found}


async def ensure(session: WriteSession, workspace_id: int, names: Sequence[str]) -> dict[str, int]:
    """Register the missing ones of these names, without a device key; the numbers of all of them."""
    rows = [{"server_ulid": new_ulid(), "workspace_id": workspace_id, "name": name} for name in names]
    await session.execute(queries.insert_missing(rows))
    found = await session.scalars(queries.servers(workspace_id).where(Server.name.in_(names)))
    return {server.name: server.server_id for server in found}


async def ulids_by_name(session: WriteSession, workspace_id: int, names: Sequence[str]) -> dict[str, str]:
    """The ULIDs of those of these names that the workspace knows."""
    found = await session.scalars(queries.servers(workspace_id).where(Server.name.in_(names)))
    return {server.name: server.server_ulid for server in found}


async def ulid_of(session: WriteSession, server_id: int | None) -> str | None:
    """The ULID of a server by its number."""
    return await session.scalar(select(Server.server_ulid).where(Server.server_id == server_id))


async def _flush_name(session: WriteSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_server_workspace_name" in str(error.orig):
            raise NameTaken(name) from None
        raise


def _facts(server: Server) -> dict[str, Any]:
    """What people may say of a server."""
    return {
        "server_name": server.name,
        "offline_after_seconds": server.offline_after_seconds,
        "interval_seconds": server.interval_seconds,
        "retention_days": server.retention_days,
        "tags": server.tags,
    }


def _read(server: Server) -> ServerRead:
    return ServerRead(server_ulid=server.server_ulid, created_at=server.created_at, **_facts(server))
