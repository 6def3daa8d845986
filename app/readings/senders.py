"""Who holds a key and which server it may write to, from bounded caches that forget within a second (W6).

The database counts every change that could take a right away (`auth_epoch`, raised by triggers). Each process looks at
the count several times a second and, when it has moved, reads again what it remembers; when it could not look for a
second, the caches answer nothing and every request asks the database.
"""

import asyncio
import time
from collections.abc import Collection, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from app.auth import service as auth
from app.auth.errors import NoCredential
from app.auth.principals import Principal
from app.auth.uses import KeyUses
from app.core import metrics, stopping
from app.core.db import UNAVAILABLE, Database, WriteSession
from app.core.errors import Problem
from app.core.settings import Settings
from app.core.text import first_line
from app.presence.service import Arrivals
from app.readings.errors import OtherServersReading
from app.servers import queries
from app.servers.errors import NoSuchServer
from app.servers.service import canonical_ulid

# A revoked key or a deleted server is refused after this, on every process, whoever revoked it.
FORGET_SECONDS = 1.0
LOOK_SECONDS = 0.4
# 50,000 entries take some 30 MB; a larger fleet on one process looks up again.
MAX_ENTRIES = 50_000
T = TypeVar("T")
# What all who wait for a look share.
_LOOK = "look"
_READ = metrics.RIGHTS_READ.labels("api")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Target:
    """A server that readings may be written to."""

    server_id: int
    workspace_id: int


class Senders:
    """The caches of one process. Only what was found is kept; only this class fills and empties them."""

    def __init__(self, database: Database, settings: Settings, uses: KeyUses, arrivals: Arrivals) -> None:
        self._database = database
        self._settings = settings
        self._uses = uses
        self._arrivals = arrivals
        self._principals: dict[tuple[str, str | None], Principal] = {}
        self._servers: dict[tuple[int | None, str], Target] = {}
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._epoch: int | None = None
        self._good_until = 0.0
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watch = asyncio.create_task(self._look_for_ever())

    async def close(self) -> None:
        await stopping.cancel(self._watch)

    async def renew(self) -> None:
        """Let what is remembered count again when the look is late, by one look for all that wait.

        When this process gets so little CPU that it cannot look for a second, every reading would else ask the database
        for itself, at forty times the CPU and on the connections that the look waits for: it would never catch up.
        """
        if time.monotonic() >= self._good_until:
            await self._once(_LOOK, self._look())

    def known_principal(self, credential: str, workspace_ulid: str | None) -> Principal | None:
        """The holder of a key, if the cache may say so."""
        if time.monotonic() >= self._good_until:
            return None
        principal = self._principals.get((credential, workspace_ulid))
        if principal is None or (principal.expires_at is not None and time.time() >= principal.expires_at):
            return None
        self._uses.note(principal)
        return principal

    def known_server(self, principal: Principal, ulid: str) -> int | None:
        """The number of a server the principal may write to, if the cache may say so; `ulid` in capitals."""
        if time.monotonic() >= self._good_until:
            return None
        target = self._servers.get((principal.workspace_id, ulid))
        if target is None or principal.server_id not in (None, target.server_id):
            return None
        return target.server_id

    async def principal(self, credential: str | None, workspace_ulid: str | None) -> Principal | None:
        """Who sends; None where INGEST_AUTH=open and no credential came. A logout ends a user's token at once,
        so only keys are cached. Raises: NoCredential, InvalidCredential, NoSuchWorkspace, MissingScope.
        """
        if not credential:
            if self._settings.ingest_auth == "open":
                return None
            raise NoCredential("Send a credential: Authorization: Bearer <token or key>.")
        holder = await self.holder(credential, workspace_ulid)
        holder.require("write")
        return holder

    async def holder(self, credential: str, workspace_ulid: str | None) -> Principal:
        """Who holds this token or key, whatever they may do. Raises: InvalidCredential, NoSuchWorkspace."""
        await self.renew()
        if known := self.known_principal(credential, workspace_ulid):
            return known
        return await self._once((credential, workspace_ulid), self._authenticate(credential, workspace_ulid))

    async def targets(self, principal: Principal | None, ulids: Collection[str]) -> dict[str, Target | Problem]:
        """Each server's numbers, or why the sender may not write to it."""
        workspace_id = principal.workspace_id if principal else None
        canonical = {ulid: canonical_ulid(ulid) or "" for ulid in ulids}
        wanted = {exact for exact in canonical.values() if exact}
        known = self._cached(workspace_id, wanted)
        if missing := sorted(wanted - known.keys()):
            known |= await self._once((workspace_id, *missing), self._look_up(workspace_id, missing))
        return {ulid: _allowed(principal, ulid, known.get(exact)) for ulid, exact in canonical.items()}

    def _cached(self, workspace_id: int | None, ulids: Collection[str]) -> dict[str, Target]:
        if time.monotonic() >= self._good_until:
            return {}
        cached = {ulid: self._servers.get((workspace_id, ulid)) for ulid in ulids}
        return {ulid: target for ulid, target in cached.items() if target}

    async def _authenticate(self, credential: str, workspace_ulid: str | None) -> Principal:
        epoch = self._epoch
        principal = await auth.authenticate(self._database, self._settings, self._uses, credential, workspace_ulid)
        if auth.is_key(credential):
            self._keep(self._principals, {(credential, workspace_ulid): principal}, epoch)
        return principal

    async def _look_up(self, workspace_id: int | None, ulids: Collection[str]) -> dict[str, Target]:
        epoch = self._epoch
        async with self._database.write(workspace_id) as session:
            found = await self._read_targets(session, ulids, workspace_id)
        self._keep(self._servers, {(workspace_id, ulid): target for ulid, target in found.items()}, epoch)
        return found

    async def _read_targets(
        self, session: WriteSession, ulids: Collection[str], workspace_id: int | None
    ) -> dict[str, Target]:
        found = {}
        for server_ulid, server_id, owner, limit in await session.execute(queries.senders(ulids, workspace_id)):
            found[server_ulid] = Target(server_id, owner)
            self._arrivals.expect(server_id, limit)
        return found

    def _keep(self, cache: dict[Any, Any], entries: dict[Any, Any], epoch: int | None) -> None:
        """Remember what was read, unless the count moved meanwhile: it may be older than the change."""
        if epoch is None or epoch != self._epoch:
            return
        if len(cache) + len(entries) > MAX_ENTRIES:
            cache.clear()
        cache.update(entries)

    async def _once(self, key: Hashable, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, or of the same work already under way: when the caches are empty under load, one
        request asks the database and the others wait for its answer.
        """
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(work)
            running.add_done_callback(lambda _: self._running.pop(key))
        else:
            work.close()
        result: T = await asyncio.shield(running)
        return result

    async def _look_for_ever(self) -> None:
        while True:
            try:
                await self._once(_LOOK, self._look())
            except UNAVAILABLE as error:
                log.warning("rights_not_read", error=first_line(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        """Take note of the count; when it has moved, keep of what is remembered what still holds."""
        started = time.monotonic()
        epoch = await auth.epoch(self._database)
        if epoch != self._epoch:
            # What others read meanwhile is not remembered: it may be older than the change.
            self._epoch = None
            await self._keep_what_holds()
            self._epoch = epoch
        self._good_until = started + FORGET_SECONDS
        _READ.set(time.time())

    async def _keep_what_holds(self) -> None:
        """Two queries for the whole fleet: without them every server's next reading would ask for itself."""
        keys = {principal.credential_id for principal in self._principals.values()}
        ulids = {ulid for _, ulid in self._servers}
        async with self._database.write() as session:
            valid = await auth.valid_keys(session, [key for key in keys if key is not None])
            targets = await self._read_targets(session, ulids, None)
        self._principals = {
            key: principal
            for key, principal in self._principals.items()
            if valid.get(principal.credential_id or 0) == (principal.scopes, principal.expires_at)
        }
        self._servers = {key: target for key, target in self._servers.items() if targets.get(key[1]) == target}


def _allowed(principal: Principal | None, ulid: str, target: Target | None) -> Target | Problem:
    if target is None:
        return NoSuchServer(ulid)
    if principal and principal.server_id not in (None, target.server_id):
        return OtherServersReading()
    return target
