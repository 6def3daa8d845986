"""Registering, signing in, and proving who asks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.auth import queries, tokens
from app.auth.errors import InvalidCredential, NoSuchKey, NoSuchWorkspace, UsernameTaken, WrongPassword
from app.auth.passwords import hash_password, verify_password
from app.auth.principals import SCOPES_OF_ROLE, Principal
from app.auth.schemas import (
    DeviceKey,
    DeviceKeyCreate,
    DeviceKeyCreated,
    Key,
    KeyCreate,
    KeyCreated,
    Login,
    Me,
    Register,
    Registered,
    Tokens,
    UserRow,
    WorkspaceOfUser,
)
from app.auth.tables import Credential, LoginSession, Membership, RefreshToken, User, Workspace
from app.auth.uses import KeyUses
from app.core.clock import now
from app.core.db import Database, ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Account:
    """A fresh user and the workspace that came with it."""

    user_id: int
    user_ulid: str
    workspace_id: int


async def register(session: WriteSession, body: Register) -> Registered:
    """Create a user with a workspace of its own. Raises: UsernameTaken."""
    account = await create_account(session, body)
    return Registered(id=account.user_ulid, username=body.username)


async def create_account(session: WriteSession, body: Register) -> Account:
    password_hash = await hash_password(body.password)
    user_ulid = new_ulid()
    await session.execute(queries.LOCK_REGISTRATION)
    user_id = await session.scalar(queries.insert_user(user_ulid, body.username, body.email, password_hash))
    if user_id is None:
        raise UsernameTaken("The username {username!r} is taken.", username=body.username)
    workspace = Workspace(workspace_ulid=new_ulid(), name=body.username)
    session.add(workspace)
    await session.flush()
    session.add(Membership(workspace_id=workspace.workspace_id, user_id=user_id, role="admin"))
    return Account(user_id, user_ulid, workspace.workspace_id)


async def login(database: Database, settings: Settings, body: Login) -> Tokens:
    """Open a session. Raises: WrongPassword, after the same work whether or not the user exists."""
    # No connection is held while the hash is computed: a burst of logins must not drain the pool.
    async with database.write() as session:
        user = await session.scalar(queries.user_by_name(body.username))
    if not await verify_password(user.password_hash if user else None, body.password) or user is None:
        raise WrongPassword("Wrong username or password.")
    async with database.write() as session:
        login_session = LoginSession(session_ulid=new_ulid(), user_id=user.user_id)
        session.add(login_session)
        await session.flush()
        return _issue(session, settings, login_session.session_id, login_session.session_ulid, user.user_ulid)


async def refresh(database: Database, settings: Settings, refresh_token: str) -> Tokens:
    """Swap a refresh token for new tokens; one that was used before ends its session. Raises: InvalidCredential."""
    token_hash = tokens.secret_hash(refresh_token)
    async with database.write() as session:
        row = (await session.execute(queries.use_refresh_token(token_hash))).one_or_none()
        if row is not None:
            return _issue(session, settings, row.session_id, row.session_ulid, row.user_ulid)
        await session.execute(queries.end_session_of_token(token_hash))
    raise InvalidCredential("This refresh token is not valid, or its session has ended.")


def _issue(session: WriteSession, settings: Settings, session_id: int, session_ulid: str, user_ulid: str) -> Tokens:
    refresh_token = tokens.new_secret("refresh")
    lifetime = timedelta(minutes=settings.access_token_minutes)
    session.add(
        RefreshToken(
            token_hash=tokens.secret_hash(refresh_token),
            session_id=session_id,
            expires_at=now() + timedelta(days=settings.refresh_token_days),
        )
    )
    return Tokens(
        access_token=tokens.issue_access_token(settings.signing_key(), user_ulid, session_ulid, lifetime),
        expires_in=int(lifetime.total_seconds()),
        refresh_token=refresh_token,
    )


async def logout(session: WriteSession, session_ulid: str) -> None:
    """End the session: its access and refresh tokens open nothing from now on."""
    await session.execute(queries.end_session(session_ulid))


async def authenticate(
    database: Database, settings: Settings, uses: KeyUses, credential: str, workspace_ulid: str | None
) -> Principal:
    """Who holds this access token or key, in the asked or default workspace; the use of a key is noted in `uses`.

    Raises: InvalidCredential; NoSuchWorkspace when the holder does not belong to the asked one.
    """
    async with database.write() as session:
        if credential.startswith((tokens.PREFIXES["api"], tokens.PREFIXES["device"])):
            principal = await _key_holder(session, credential, workspace_ulid)
            uses.note(principal)
            return principal
        return await _token_holder(session, settings, credential, workspace_ulid)


async def epoch(database: Database) -> int:
    """How often something changed that could take a right away; what was read before a change is void."""
    async with database.write() as session:
        return int(await session.scalar(queries.epoch()) or 0)


async def valid_keys(
    session: WriteSession, credential_ids: Collection[int]
) -> dict[int, tuple[frozenset[str], float | None]]:
    """Scopes and end (seconds since 1970) of those of these keys that are not revoked."""
    rows = await session.execute(queries.unrevoked(credential_ids))
    return {number: (frozenset(scopes), end and end.timestamp()) for number, scopes, end in rows}


async def _key_holder(session: WriteSession, key: str, workspace_ulid: str | None) -> Principal:
    row = (await session.execute(queries.credential_by_hash(tokens.secret_hash(key)))).one_or_none()
    if row is None:
        raise InvalidCredential("This key is not valid, has expired or was revoked.")
    credential: Credential = row.Credential
    if workspace_ulid is not None and workspace_ulid.upper() != row.workspace_ulid:
        raise NoSuchWorkspace("You have no workspace {workspace!r}.", workspace=workspace_ulid)
    return Principal(
        workspace_id=credential.workspace_id,
        scopes=frozenset(credential.scopes),
        server_id=credential.server_id,
        administers_installation=row.administers_installation and "admin" in credential.scopes,
        credential_id=credential.credential_id,
        expires_at=credential.expires_at.timestamp() if credential.expires_at else None,
        ulid=credential.credential_ulid,
        name=credential.name,
    )


async def _token_holder(session: WriteSession, settings: Settings, token: str, workspace_ulid: str | None) -> Principal:
    claims = tokens.read_access_token(settings.signing_key(), token)
    row = claims and (await session.execute(queries.open_session(claims.session_ulid, claims.user_ulid))).one_or_none()
    if not claims or not row:
        raise InvalidCredential("This access token is not valid, or its session has ended.")
    for workspace, role in await session.execute(queries.workspaces_of(row.user_id)):
        if workspace_ulid is None or workspace.workspace_ulid == workspace_ulid.upper():
            return Principal(
                workspace_id=workspace.workspace_id,
                scopes=SCOPES_OF_ROLE[role],
                user_id=row.user_id,
                session_ulid=claims.session_ulid,
                administers_installation=row.administers_installation,
                ulid=claims.user_ulid,
                name=row.username,
            )
    raise NoSuchWorkspace("You have no workspace {workspace!r}.", workspace=workspace_ulid or "")


async def me(session: WriteSession, user_id: int) -> Me:
    """The user and the workspaces they belong to."""
    user = await session.get_one(User, user_id)
    rows = await session.execute(queries.workspaces_of(user_id))
    workspaces = [
        WorkspaceOfUser(workspace_ulid=workspace.workspace_ulid, name=workspace.name, role=role)
        for workspace, role in rows
    ]
    return Me(id=user.user_ulid, username=user.username, email=user.email, workspaces=workspaces)


async def users(session: WriteSession) -> list[UserRow]:
    """Everybody on this installation, by name."""
    return [
        UserRow(id=user.user_ulid, username=user.username, email=user.email, created_at=user.created_at)
        for user in await session.scalars(queries.all_users())
    ]


async def create_key(session: WriteSession, principal: Principal, body: KeyCreate) -> KeyCreated:
    """Make an API key; the answer is the only place where it stands."""
    key, row = new_credential(principal, body.name, list(body.scopes), expires_at=body.expires_at)
    session.add(row)
    await session.flush()
    return KeyCreated(key=key, **_facts(row), scopes=body.scopes)


async def create_device_key(
    session: WriteSession, principal: Principal, server_id: int, body: DeviceKeyCreate
) -> DeviceKeyCreated:
    """Make a device key of the principal's server; its other keys live on, or until the asked instant."""
    if body.old_keys_valid_until is not None:
        await session.execute(queries.end_keys(principal.workspace_id, server_id, body.old_keys_valid_until))
    key, row = new_credential(principal, body.name, ["write"], server_id, body.expires_at)
    session.add(row)
    await session.flush()
    return DeviceKeyCreated(device_key=key, **_facts(row))


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


async def list_keys(session: ReadSession, workspace_id: int) -> list[Key]:
    """The workspace's API keys, oldest first, without the keys themselves."""
    rows = await session.scalars(queries.keys(workspace_id))
    return [Key.model_validate({**_facts(row), "scopes": row.scopes}) for row in rows]


async def list_device_keys(session: ReadSession, workspace_id: int, server_id: int) -> list[DeviceKey]:
    """A server's device keys, oldest first, without the keys themselves."""
    return [DeviceKey(**_facts(row)) for row in await session.scalars(queries.keys(workspace_id, server_id))]


async def revoke_key(session: WriteSession, workspace_id: int, key_id: str, server_id: int | None = None) -> None:
    """Revoke an API key, or a device key of this server; within a second every process refuses it.

    Raises: NoSuchKey.
    """
    if await session.scalar(queries.revoke_key(workspace_id, server_id, key_id)) is None:
        raise NoSuchKey("There is no key {key!r} in this workspace.", key=key_id)


async def purge_refresh_tokens(database: Database, slice_size: int = 1000) -> int:
    """Delete expired refresh tokens in slices; returns how many."""
    deleted = 0
    while True:
        async with database.write() as session:
            result = await session.execute(queries.delete_expired_refresh_tokens(slice_size))
        count: int = result.rowcount  # type: ignore[attr-defined]
        deleted += count
        if count < slice_size:
            return deleted


def _facts(row: Credential) -> dict[str, Any]:
    return {
        "key_id": row.credential_ulid,
        "name": row.name,
        "prefix": row.prefix,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
    }
