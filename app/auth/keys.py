"""Keys of programs and devices: made, listed, revoked."""

from datetime import datetime
from typing import Any

from app.auth import audit, queries, tokens
from app.auth.errors import NoSuchKey
from app.auth.principals import Principal
from app.auth.schemas.keys import DeviceKey, DeviceKeyCreate, DeviceKeyCreated, Key, KeyCreate, KeyCreated
from app.auth.tables import Credential
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page


async def create_key(session: WriteSession, principal: Principal, body: KeyCreate) -> KeyCreated:
    """Make an API key; the answer is the only place where it stands."""
    key, row = new_credential(principal, body.name, list(body.scopes), expires_at=body.expires_at)
    row.rate_limit = body.rate_limit
    row.line_protocol = body.line_protocol.model_dump() if body.line_protocol else None
    session.add(row)
    await session.flush()
    after = body.model_dump(mode="json", exclude_none=True)
    audit.record(session, principal, "key.create", row.credential_ulid, after=after)
    return KeyCreated(key=key, **_read(row).model_dump())


async def create_device_key(
    session: WriteSession, principal: Principal, server_id: int, body: DeviceKeyCreate
) -> DeviceKeyCreated:
    """Make a device key of the principal's server; its other keys live on, or until the asked instant."""
    if body.old_keys_valid_until is not None:
        await session.execute(
            queries.credentials.end_keys(principal.workspace_id, server_id, body.old_keys_valid_until)
        )
    key, row = new_credential(principal, body.name, ["write"], server_id, body.expires_at)
    session.add(row)
    await session.flush()
    after = body.model_dump(mode="json", exclude_none=True)
    audit.record(session, principal, "device_key.create", row.credential_ulid, after=after)
    return DeviceKeyCreated(device_key=key, **facts(row))


def new_credential(
    principal: Principal, name: str, scopes: list[str], server_id: int | None = None, expires_at: datetime | None = None
) -> tuple[str, Credential]:
    """A fresh key and the row that recognises it; with a server it is that server's device key."""
    key = tokens.new_secret("api" if server_id is None else "device")
    row = Credential(
        credential_ulid=new_ulid(),
        key_hash=tokens.secret_hash(key),
        prefix=key[:10],
        workspace_id=principal.workspace_id,
        server_id=server_id,
        created_by=principal.user_id,
        name=name,
        scopes=scopes,
        expires_at=expires_at,
    )
    return key, row


async def list_keys(session: ReadSession, workspace_id: int, asked: Asked) -> Page[Key]:
    """The workspace's API keys, oldest first, without the keys themselves."""
    key = asked.key(str)
    statement = queries.credentials.keys(workspace_id, after=key and key[0], limit=asked.fetch)
    rows = (await session.scalars(statement)).all()
    return asked.cut(rows, lambda row: (row.credential_ulid,)).map(_read)


async def list_device_keys(session: ReadSession, workspace_id: int, server_id: int) -> list[DeviceKey]:
    """A server's device keys, oldest first, without the keys themselves."""
    return [DeviceKey(**facts(row)) for row in await session.scalars(queries.credentials.keys(workspace_id, server_id))]


async def revoke_key(session: WriteSession, principal: Principal, key_id: str, server_id: int | None = None) -> None:
    """Revoke an API key, or a device key of this server; within a second every process refuses it.

    Raises: NoSuchKey.
    """
    name = await session.scalar(queries.credentials.revoke_key(principal.workspace_id, server_id, key_id))
    if name is None:
        raise NoSuchKey("There is no key {key!r} in this workspace.", key=key_id)
    action = "key.revoke" if server_id is None else "device_key.revoke"
    audit.record(session, principal, action, key_id, before={"name": name})


def _read(row: Credential) -> Key:
    more = {"scopes": row.scopes, "rate_limit": row.rate_limit, "line_protocol": row.line_protocol}
    return Key.model_validate({**facts(row), **more})


def facts(row: Credential) -> dict[str, Any]:
    """What every kind of key shows of itself."""
    return {
        "key_id": row.credential_ulid,
        "name": row.name,
        "prefix": row.prefix,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
    }
