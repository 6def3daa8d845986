"""When keys were last used: gathered in the process and written in one statement every two seconds.

A request never waits for that write, and a key costs at most one a minute, however often it is used. `last_used_at` is
therefore true to the minute; a process that is killed loses the uses of its last two seconds.
"""

import structlog

from app.auth import queries
from app.auth.principals import Principal
from app.core.db import UNAVAILABLE, Database
from app.core.flushing import Flushing

FLUSH_SECONDS = 2.0

log = structlog.get_logger()


class KeyUses:
    """The uses that one process has yet to write; bounded by the keys that are used within two seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: set[int] = set()
        self._flushing = Flushing(self._flush, FLUSH_SECONDS)

    def start(self) -> None:
        self._flushing.start()

    async def close(self) -> None:
        """Write the last uses."""
        await self._flushing.close()

    def note(self, principal: Principal) -> None:
        """Remember that a key was used now; whoever came without one leaves no trace."""
        if principal.credential_id is not None:
            self._pending.add(principal.credential_id)

    async def _flush(self) -> None:
        pending, self._pending = self._pending, set()
        if not pending:
            return
        try:
            async with self._database.write() as session:
                await session.execute(
                    queries.credentials.note_uses(pending), execution_options={"synchronize_session": False}
                )
        except UNAVAILABLE as error:
            self._pending |= pending
            log.warning("key_uses_not_written", error=str(error))
