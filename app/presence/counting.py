"""What arrived, by server and hour: counted in the process and written every few seconds in one statement.

A process that is killed loses the counts of its last seconds, and never a reading.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import psycopg
import structlog

from app.core.copy import WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.core.flushing import Flushing
from app.presence import queries

# 10,000 servers are as many row updates each time, some 60 ms of PostgreSQL: 1 % of a core at this pace.
FLUSH_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(slots=True)
class Came:
    """What came from one server; lags are microseconds from a reading's instant to its arrival."""

    received: int = 0
    duplicates: int = 0
    rejected: int = 0
    late: int = 0
    least_lag: int | None = None
    largest_lag: int | None = None
    lags: float = 0.0

    def add(self, other: "Came") -> None:
        self.received += other.received
        self.duplicates += other.duplicates
        self.rejected += other.rejected
        self.late += other.late
        self.lags += other.lags
        if other.least_lag is not None and other.largest_lag is not None:
            self.least_lag = other.least_lag if self.least_lag is None else min(self.least_lag, other.least_lag)
            self.largest_lag = max(self.largest_lag or other.largest_lag, other.largest_lag)


class Counting:
    """The counts that one process has yet to write; bounded by the servers heard within a few seconds."""

    def __init__(self, database: Database) -> None:
        self._writer = WriterConnection(database)
        self._pending: dict[int, Came] = {}
        self._flushing = Flushing(self._flush, FLUSH_SECONDS)

    def start(self) -> None:
        self._flushing.start()

    async def close(self) -> None:
        """Write the last counts."""
        await self._flushing.close()
        await self._writer.close()

    def add(self, came: Iterable[tuple[int, Came]]) -> None:
        """Count what came, by server number."""
        for server_id, more in came:
            known = self._pending.get(server_id)
            if known is None:
                self._pending[server_id] = more
            else:
                known.add(more)

    async def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        if not pending:
            return
        columns = [list(column) for column in zip(*map(astuple, pending.values()), strict=True)]
        try:
            async with self._writer.transaction() as connection:
                await connection.execute(queries.COUNT_ARRIVALS, (list(pending), *columns))
        except (psycopg.Error, *UNAVAILABLE) as error:
            log.warning("arrivals_not_counted", error=str(error))
            self.add(pending.items())
