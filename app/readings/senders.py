"""Who may write to which server: credentials and servers from bounded caches that forget within a second (W6)."""

import asyncio
from collections.abc import Collection, Coroutine, Hashable
from typing import Any, TypeVar

from cachetools import TTLCache

from app.auth import service as auth
from app.auth.errors import NoCredential
from app.auth.principals import Principal
from app.auth.tokens import PREFIXES
from app.core.db import Database
from app.core.errors import Problem
from app.core.settings import Settings
from app.presence.service import Arrivals
from app.readings.errors import OtherServersReading
from app.servers import queries
from app.servers.errors import NoSuchServer
from app.servers.service import canonical_ulid

# A revoked key or a deleted server is refused after this, on every process, whoever revoked it.
FORGET_SECONDS = 1.0
# 50,000 entries take some 30 MB; a larger fleet on one process looks up again.
MAX_ENTRIES = 50_000
T = TypeVar("T")


class Senders:
    """The caches of one process. Only what was found is kept; only this class fills them, time alone empties them."""

    def __init__(self, database: Database, settings: Settings, arrivals: Arrivals) -> None:
        self._database = database
        self._settings = settings
        self._arrivals = arrivals
        self._principals: TTLCache[tuple[str, str | None], Principal] = TTLCache(MAX_ENTRIES, FORGET_SECONDS)
        self._servers: TTLCache[tuple[int | None, str], int] = TTLCache(MAX_ENTRIES, FORGET_SECONDS)
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def principal(self, credential: str | None, workspace_ulid: str | None) -> Principal | None:
        """Who sends; None where INGEST_AUTH=open and no credential came. A logout ends a user's token at once,
        so only keys are cached. Raises: NoCredential, InvalidCredential, NoSuchWorkspace, MissingScope.
        """
        if not credential:
            if self._settings.ingest_auth == "open":
                return None
            raise NoCredential("Send a credential: Authorization: Bearer <token or key>.")
        key = (credential, workspace_ulid)
        known = self._principals.get(key)
        return known or await self._once(key, self._authenticate(credential, workspace_ulid))

    async def _authenticate(self, credential: str, workspace_ulid: str | None) -> Principal:
        principal = await auth.authenticate(self._database, self._settings, credential, workspace_ulid)
        principal.require("write")
        if credential.startswith((PREFIXES["api"], PREFIXES["device"])):
            self._principals[credential, workspace_ulid] = principal
        return principal

    async def server_ids(self, principal: Principal | None, ulids: Collection[str]) -> dict[str, int | Problem]:
        """The number of each server, or why the sender may not write to it."""
        workspace_id = principal.workspace_id if principal else None
        canonical = {ulid: canonical_ulid(ulid) or "" for ulid in ulids}
        missing = sorted({ulid for ulid in canonical.values() if ulid and (workspace_id, ulid) not in self._servers})
        if missing:
            await self._once((workspace_id, *missing), self._look_up(workspace_id, missing))
        known = {ulid: self._servers.get((workspace_id, exact)) for ulid, exact in canonical.items()}
        return {ulid: self._allowed(principal, ulid, server_id) for ulid, server_id in known.items()}

    async def _once(self, key: Hashable, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, or of the same work already under way: when an entry expires under load, one request
        asks the database and the others wait for its answer.
        """
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(work)
            running.add_done_callback(lambda _: self._running.pop(key))
        else:
            work.close()
        result: T = await asyncio.shield(running)
        return result

    async def _look_up(self, workspace_id: int | None, ulids: Collection[str]) -> None:
        async with self._database.write(workspace_id) as session:
            for server_ulid, server_id, limit in await session.execute(queries.senders(ulids, workspace_id)):
                self._servers[workspace_id, server_ulid] = server_id
                self._arrivals.expect(server_id, limit)

    def _allowed(self, principal: Principal | None, ulid: str, server_id: int | None) -> int | Problem:
        if server_id is None:
            return NoSuchServer(ulid)
        if principal and principal.server_id is not None and principal.server_id != server_id:
            return OtherServersReading()
        return server_id
