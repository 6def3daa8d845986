"""Which quantities each server has sent into hot readings, noted in the transaction of the first reading that has one.

Without it, the newest value of a quantity that a server never sends would be looked for in all of its rows.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from app.core.copy import Connection
from app.readings import queries
from app.readings.rows import Rows

# Servers remembered, some 300 bytes each. Forgetting all of them costs an insert that changes nothing.
MAX_SERVERS = 50_000

Pairs = set[tuple[int, str]]
"""Server numbers and names."""


class SentQuantities:
    """What one process knows of it; only this class fills and empties it."""

    def __init__(self) -> None:
        self._known: dict[int, frozenset[str]] = {}

    def knows(self, server_id: int, names: Mapping[str, Any]) -> bool:
        """Whether this server is known to have sent them all."""
        known = self._known.get(server_id)
        return known is not None and known.issuperset(names)

    def fresh_of(self, rows: Rows, servers: Iterable[int]) -> Pairs:
        """What is not known yet of the servers of a batch."""
        unknown = [server_id for server_id in servers if not self.knows(server_id, rows.values)]
        if not unknown:
            return set()
        own = np.isin(rows.server, unknown)
        return {
            (server_id, name)
            for name, column in rows.values.items()
            for server_id in np.unique(rows.server[own & ~np.isnan(column)]).tolist()
            if name not in self._known.get(server_id, frozenset())
        }

    async def write(self, connection: Connection, pairs: Pairs) -> None:
        """Store them within the caller's transaction."""
        if pairs:
            # In order, so that of two processes one waits for the other and never in a circle.
            columns = [list(column) for column in zip(*sorted(pairs), strict=True)]
            await connection.execute(queries.INSERT_SENT, columns)

    def remember(self, pairs: Collection[tuple[int, str]]) -> None:
        """They were committed."""
        if len(self._known) + len(pairs) > MAX_SERVERS:
            self._known.clear()
        for server_id, name in pairs:
            self._known[server_id] = self._known.get(server_id, frozenset()) | {name}
