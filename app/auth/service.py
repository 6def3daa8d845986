"""Proving who asks: by access token, by a browser's session, by key."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from app.auth import queries, tokens
from app.auth.errors import InvalidCredential, NoSuchWorkspace
from app.auth.principals import NO_WORKSPACE, SCOPES_OF_ROLE, Principal
from app.auth.tables import Credential
from app.auth.uses import KeyUses
from app.core.db import Database, WriteSession
from app.core.settings import Settings


async def authenticate_browser(
    database: Database, settings: Settings, secret: str, workspace_ulid: str | None
) -> Principal | None:
    """Who holds this cookie, in the asked or default workspace; None once its session has ended.

    Use prolongs the session. Raises: NoSuchWorkspace.
    """
    token_hash = tokens.secret_hash(secret)
    async with database.write() as session:
        row = (await session.execute(queries.sessions.browser_session(token_hash))).one_or_none()
        if row is None:
            return None
        await session.execute(queries.sessions.prolong(token_hash, timedelta(days=settings.refresh_token_days)))
        return await _member(session, row, workspace_ulid)


async def authenticate(
    database: Database, settings: Settings, uses: KeyUses, credential: str, workspace_ulid: str | None
) -> Principal:
    """Who holds this access token or key, in the asked or default workspace; the use of a key is noted in `uses`.

    Raises: InvalidCredential; NoSuchWorkspace when the holder does not belong to the asked one.
    """
    async with database.write() as session:
        if is_key(credential):
            principal = await _key_holder(session, credential, workspace_ulid)
            uses.note(principal)
            return principal
        return await _token_holder(session, settings, credential, workspace_ulid)


def is_key(credential: str) -> bool:
    """Whether it is a key, not a user's token."""
    return credential.startswith((tokens.PREFIXES["api"], tokens.PREFIXES["device"]))


async def epoch(database: Database) -> int:
    """How often something changed that could take a right away; what was read before a change is void."""
    async with database.write() as session:
        return int(await session.scalar(queries.credentials.epoch()) or 0)


async def valid_keys(
    session: WriteSession, credential_ids: Collection[int]
) -> dict[int, tuple[frozenset[str], float | None]]:
    """Scopes and end (seconds since 1970) of those of these keys that are not revoked."""
    rows = await session.execute(queries.credentials.unrevoked(credential_ids))
    return {number: (frozenset(scopes), end and end.timestamp()) for number, scopes, end in rows}


async def _key_holder(session: WriteSession, key: str, workspace_ulid: str | None) -> Principal:
    row = (await session.execute(queries.credentials.credential_by_hash(tokens.secret_hash(key)))).one_or_none()
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
        rate_limit=credential.rate_limit,
        line_protocol=credential.line_protocol,
        ulid=credential.credential_ulid,
        name=credential.name,
    )


async def _token_holder(session: WriteSession, settings: Settings, token: str, workspace_ulid: str | None) -> Principal:
    claims = tokens.read_access_token(settings.signing_key(), token)
    row = (
        claims
        and (await session.execute(queries.sessions.open_session(claims.session_ulid, claims.user_ulid))).one_or_none()
    )
    if not claims or not row:
        raise InvalidCredential("This access token is not valid, or its session has ended.")
    return await _member(session, row, workspace_ulid)


async def _member(session: WriteSession, row: Any, workspace_ulid: str | None) -> Principal:
    """The holder of a session, in the asked workspace or the first they joined."""
    for workspace, role in await session.execute(queries.people.workspaces_of(row.user_id)):
        if workspace_ulid is None or workspace.workspace_ulid == workspace_ulid.upper():
            return _person(row, workspace.workspace_id, SCOPES_OF_ROLE[role])
    if workspace_ulid is None:
        return _person(row, NO_WORKSPACE, frozenset())
    raise NoSuchWorkspace("You have no workspace {workspace!r}.", workspace=workspace_ulid)


def _person(row: Any, workspace_id: int, scopes: frozenset[str]) -> Principal:
    return Principal(
        workspace_id=workspace_id,
        scopes=scopes,
        user_id=row.user_id,
        session_ulid=row.session_ulid,
        administers_installation=row.administers_installation,
        ulid=row.user_ulid,
        name=row.username,
    )
