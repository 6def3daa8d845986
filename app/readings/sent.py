"""Which quantities each server has sent into hot readings: without it, the newest value of a quantity that a server
never sends would be looked for in all of its rows.

Noted within 50 ms of the commit. What a killed process has not noted yet is noted with the server's next reading that
has it, or found in its segment.
"""

from collections import defaultdict
from collections.abc import Iterable

from app.core.db import Database
from app.readings import queries

# Servers remembered, some 300 bytes each. Forgetting all of them costs an insert that changes nothing.
MAX_SERVERS = 50_000


class SentQuantities:
    """What one process knows of it; only this class fills and empties it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, frozenset[str]] = {}
        self._pending: dict[int, set[str]] = defaultdict(set)

    def note(self, sent: Iterable[tuple[int, Iterable[str]]]) -> None:
        """Names that servers have sent."""
        known = self._known
        for server_id, names in sent:
            before = known.get(server_id)
            if before is None or not before.issuperset(names):
                self._pending[server_id].update(names)

    async def write(self) -> None:
        """Store what is new, if anything is. Raises: one of core.db.UNAVAILABLE; it stays pending then."""
        if not self._pending:
            return
        pairs = sorted((server_id, name) for server_id, names in self._pending.items() for name in names)
        async with self._database.write() as session:
            await session.execute(queries.insert_sent(pairs))
        if len(self._known) + len(self._pending) > MAX_SERVERS:
            self._known.clear()
        for server_id, names in self._pending.items():
            self._known[server_id] = self._known.get(server_id, frozenset()) | names
        self._pending.clear()
