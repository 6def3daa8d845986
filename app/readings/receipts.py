"""From the body of a `POST /data` to stored readings and the receipt that says what became of them."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from app.auth.principals import Principal
from app.core import metrics
from app.core.clock import ArrivalClock, format_instant
from app.core.errors import Problem
from app.core.language import detail_of, message_of
from app.readings import formats
from app.readings.hot import Outcome
from app.readings.ingest import GroupCommit, Stored
from app.readings.quantities import NAMES
from app.readings.schemas import MAX_REJECTED_SHOWN, Fault, Reading
from app.readings.senders import Senders

# Parsing 64 KiB takes about 1 ms; a larger body would keep every other request waiting, so it goes to a thread.
PARSE_INLINE_BYTES = 64 * 1024


class Intake:
    """What `POST /data` works with in one process."""

    def __init__(self, senders: Senders, commits: GroupCommit) -> None:
        self.senders = senders
        self.commits = commits
        self._clock = ArrivalClock()

    async def store_one(self, body: bytes, principal: Principal | None) -> dict[str, Any]:
        """Store one reading and return it as it stands now. Raises: Invalid, NoSuchServer, OtherServersReading."""
        parsed = _counted(formats.parse_one, body)
        server_id = (await self.senders.server_ids(principal, [parsed.server_ulid]))[parsed.server_ulid]
        if isinstance(server_id, Problem):
            raise server_id
        reading = self._reading(parsed, server_id)
        [stored] = await self.commits.submit([reading])
        return _document(parsed.server_ulid, reading, stored)

    async def store_array(self, body: bytes, principal: Principal | None, portuguese: bool) -> dict[str, Any]:
        """Store the good readings of an array in one transaction; the receipt names the bad ones. Raises: Invalid."""
        inline = len(body) <= PARSE_INLINE_BYTES
        parsed = formats.parse_array(body) if inline else await asyncio.to_thread(formats.parse_array, body)
        servers = await self.senders.server_ids(principal, {item.server_ulid for item in parsed.readings})
        rejected = [(fault.index, _explain(fault, portuguese)) for fault in parsed.faults]
        readings = []
        for position, item in zip(parsed.positions, parsed.readings, strict=True):
            server_id = servers[item.server_ulid]
            if isinstance(server_id, Problem):
                rejected.append((position, detail_of(server_id, portuguese)))
            else:
                readings.append(self._reading(item, server_id))
        stored = await self.commits.submit(readings)
        metrics.READINGS.labels("rejected").inc(len(rejected))
        return receipt([entry.outcome for entry in stored], sorted(rejected))

    def _reading(self, parsed: Any, server_id: int) -> Reading:
        return Reading(server_id, parsed.timestamp or self._clock.next(), parsed.values)


def receipt(outcomes: Sequence[Outcome], rejected: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Counts of what became of a batch, and the first of those that were refused."""
    return {
        "accepted": outcomes.count(Outcome.ACCEPTED),
        "duplicates": outcomes.count(Outcome.DUPLICATE),
        "updated": outcomes.count(Outcome.UPDATED),
        "rejected_count": len(rejected),
        "rejected": [{"index": index, "detail": detail} for index, detail in rejected[:MAX_REJECTED_SHOWN]],
    }


def explain(fields: Iterable[str | int], message: str) -> str:
    """A fault of one reading in one line: `temperature: Input should be a valid number`."""
    name = ".".join(str(field) for field in fields)
    return f"{name}: {message}" if name else message


def _explain(fault: Fault, portuguese: bool) -> str:
    return explain(fault.error["loc"], message_of(fault.error, portuguese))


def _counted(parse: Any, body: bytes) -> Any:
    try:
        return parse(body)
    except Problem:
        metrics.READINGS.labels("rejected").inc()
        raise


def _document(server_ulid: str, reading: Reading, stored: Stored) -> dict[str, Any]:
    values = {name: value for name, value in zip(NAMES, stored.values, strict=True) if value is not None}
    return {"timestamp": format_instant(reading.ts), "server_ulid": server_ulid.upper(), **values}
