"""Servers by their names, as points call them; unknown ones are registered for a key that may."""

from collections.abc import Sequence
from dataclasses import replace

from app.auth.principals import Principal
from app.core.db import Database
from app.readings.columns import Chunk
from app.servers import service as servers
from app.servers.service import canonical_ulid

# A tag that takes ever new values must not fill the workspace in one request.
MAX_NEW = 1000


class Directory:
    """The names that one request uses, in the workspace of its sender."""

    def __init__(self, database: Database, principal: Principal, registers: bool) -> None:
        self._database = database
        self._principal = principal
        self._registers = registers
        self._ulids: dict[str, str] = {}

    async def name(self, chunk: Chunk) -> Chunk:
        """The chunk with ULIDs where it had names; a name that is unknown stays, and is refused as such later."""
        unknown = [name for name in chunk.columns.servers if name not in self._ulids and not canonical_ulid(name)]
        names = [name for name in unknown if servers.is_name(name)]
        if names:
            await self._look_up(names)
        found = [self._ulids.get(name, name) for name in chunk.columns.servers]
        return replace(chunk, columns=replace(chunk.columns, servers=found))

    async def _look_up(self, names: Sequence[str]) -> None:
        async with self._database.write(self._principal.workspace_id) as session:
            self._ulids |= await servers.ulids_by_name(session, self._principal.workspace_id, names)
            missing = [name for name in names if name not in self._ulids]
            if missing and self._registers:
                fresh = missing[:MAX_NEW]
                await servers.ensure(session, self._principal.workspace_id, fresh)
                self._ulids |= await servers.ulids_by_name(session, self._principal.workspace_id, fresh)


async def own_server(database: Database, principal: Principal) -> str | None:
    """The ULID of a device key's server, which its points need not name."""
    async with database.write(principal.workspace_id) as session:
        return await servers.ulid_of(session, principal.server_id)
