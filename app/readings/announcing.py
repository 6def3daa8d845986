"""Stored readings as events for listeners: `reading` with the newest of each server, `backfill` with a span of many."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from app.core.clock import from_microseconds
from app.core.db import Database
from app.core.events import Event, Publisher, Watched
from app.readings.digest import NEWEST, Digest
from app.readings.rows import Reading
from app.servers import queries

READING, BACKFILL = "reading", "backfill"
# Servers remembered, some 200 bytes each; identities never change, so that forgetting all of them is only a query.
MAX_IDENTITIES = 50_000


class Identity(NamedTuple):
    """What listeners know a server by."""

    server_ulid: str
    workspace_id: int


_encode = msgspec.json.Encoder().encode


class Announcer:
    """Tells listeners what one process has stored."""

    def __init__(self, publisher: Publisher, database: Database) -> None:
        self._publisher = publisher
        self._database = database
        self._identities: dict[int, Identity] = {}

    async def introduce(self) -> None:
        """Tell listeners that a process before this one may have left something out."""
        await self._publisher.publish(_nothing)

    def lose(self) -> None:
        """Something stored will not be told."""
        self._publisher.lose()

    async def announce(self, digest: Digest, newest: Callable[[], Sequence[Reading]]) -> None:
        """Publish what was stored; `newest` is asked for only when somebody listens.

        Raises: one of core.db.UNAVAILABLE.
        """

        async def tell(watched: Watched) -> Iterable[Event]:
            await self._identify(digest.server.tolist())
            concerned = {key for key, identity in self._identities.items() if identity.workspace_id in watched}
            readings = [reading for reading in newest() if reading.server_id in concerned]
            return [*self._readings(readings), *self._backfills(digest, concerned)]

        await self._publisher.publish(tell)

    async def _identify(self, server_ids: Sequence[int]) -> None:
        unknown = [number for number in server_ids if number not in self._identities]
        if not unknown:
            return
        if len(self._identities) + len(unknown) > MAX_IDENTITIES:
            self._identities.clear()
            unknown = list(server_ids)
        async with self._database.write() as session:
            for number, server_ulid, workspace_id in await session.execute(queries.identities(unknown)):
                self._identities[number] = Identity(server_ulid, workspace_id)

    def _readings(self, readings: Iterable[Reading]) -> Iterable[Event]:
        pieces: dict[int, list[bytes]] = defaultdict(list)
        for reading in readings:
            document = {
                "server_ulid": self._identities[reading.server_id].server_ulid,
                "timestamp": from_microseconds(reading.ts),
                **reading.values,
            }
            pieces[reading.server_id].append(_encode(document))
        return self._events(READING, {number: b",".join(found) for number, found in pieces.items()})

    def _backfills(self, digest: Digest, concerned: set[int]) -> Iterable[Event]:
        """Of servers that sent more than their newest readings show."""
        pieces = {}
        for position in (digest.received > NEWEST).nonzero()[0].tolist():
            number = int(digest.server[position])
            if number in concerned:
                document = {
                    "server_ulid": self._identities[number].server_ulid,
                    "start_time": from_microseconds(int(digest.first[position])),
                    "end_time": from_microseconds(int(digest.last[position])),
                    "readings": int(digest.received[position]),
                }
                pieces[number] = _encode(document)
        return self._events(BACKFILL, pieces)

    def _events(self, kind: str, pieces: dict[int, bytes]) -> Iterable[Event]:
        by_workspace: dict[int, dict[str, bytes]] = defaultdict(dict)
        for number, piece in pieces.items():
            identity = self._identities[number]
            by_workspace[identity.workspace_id][identity.server_ulid] = piece
        return [Event(workspace_id, kind, items) for workspace_id, items in by_workspace.items()]


async def _nothing(_: Watched) -> Iterable[Event]:
    return ()
