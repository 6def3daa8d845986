"""Answers of `GET /data`: from the cache where history stands still, else streamed from PostgreSQL.

The cache (R4) holds answers for ranges that ended CACHE_MARGIN ago, under the history versions of their servers. The
versions are read first, so an entry is never older than its key says; a write into history raises the version in its
own transaction, so an acknowledged reading is in the next answer, whatever Redis does.
"""

import hashlib
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from app.core.clock import now
from app.core.db import Database, ReadSession
from app.core.errors import invalid_field
from app.core.redis import Cache
from app.readings import queries
from app.readings.quantities import NAMES
from app.readings.schemas import DataQuery
from app.servers.errors import NoSuchServer
from app.servers.service import canonical_ulid

CACHE_MARGIN = timedelta(minutes=10)
CACHE_SECONDS = 3600
# Larger answers cost Redis more memory than they save PostgreSQL time.
MAX_CACHED_BYTES = 2**20
# Rows fetched, encoded and sent at a time: some 0.5 MB of JSON and 10 ms of the event loop.
CHUNK_ROWS = 4000
SIGNIFICANT_DIGITS = 12

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Plan:
    """A query whose servers and quantities are known: ULIDs by number, the asked quantities in their own order (none:
    rows as stored, with whatever they have), and the cache's key where the range is closed.
    """

    query: DataQuery
    servers: dict[int, str]
    sensors: tuple[str, ...]
    cache_key: str | None


async def plan(database: Database, workspace_id: int, query: DataQuery) -> Plan:
    """Resolve the servers with their history versions, and the quantities. Raises: NoSuchServer, Invalid."""
    wanted = [_canonical(ulid) for ulid in query.server_ulid]
    async with database.read(workspace_id) as session:
        rows = (await session.execute(queries.servers_with_versions(workspace_id, wanted))).all()
        custom = await custom_quantities(session, workspace_id)
    servers = {server_id: ulid for server_id, ulid, _ in rows}
    for ulid in set(wanted) - set(servers.values()):
        raise NoSuchServer(ulid)
    versions = sorted((server_id, version) for server_id, _, version in rows)
    return Plan(query, servers, _sensors(query, (*NAMES, *custom)), _cache_key(workspace_id, query, versions))


async def custom_quantities(session: ReadSession, workspace_id: int) -> Sequence[str]:
    """The workspace's quantities beyond the known ones, in the order in which they were first sent."""
    return (await session.scalars(queries.custom_quantities(workspace_id))).all()


def _sensors(query: DataQuery, known: Sequence[str]) -> tuple[str, ...]:
    for position, name in enumerate(query.sensor_type):
        if name not in known:
            expected = ", ".join(known)
            message = f"Must be one of: {expected}"
            raise invalid_field(("query", "sensor_type", position), message, "no_such_quantity", expected=expected)
    every = query.aggregation is not None and not query.sensor_type
    return tuple(name for name in known if every or name in query.sensor_type)


def _canonical(ulid: str) -> str:
    canonical = canonical_ulid(ulid)
    if canonical is None:
        raise NoSuchServer(ulid)
    return canonical


async def answer(database: Database, cache: Cache, workspace_id: int, planned: Plan) -> AsyncGenerator[bytes]:
    """The JSON array in pieces; a closed range of bounded size comes from the cache or goes there."""
    key = planned.cache_key
    cached = await cache.get(key) if key else None
    if cached is not None:
        yield cached
        return
    kept: list[bytes] | None = [] if key else None
    async with aclosing(_pieces(database, workspace_id, planned)) as pieces:
        async for piece in pieces:
            kept = _keep(kept, piece)
            yield piece
    if key and kept is not None:
        await cache.set(key, b"".join(kept), CACHE_SECONDS)


async def _pieces(database: Database, workspace_id: int, planned: Plan) -> AsyncGenerator[bytes]:
    separator = b"["
    if planned.servers:
        async with database.read(workspace_id) as session:
            rows = await session.stream(_statement(planned))
            async for chunk in rows.partitions(CHUNK_ROWS):
                yield separator + _encode(_documents(planned, chunk))[1:-1]
                separator = b","
    yield b"[]" if separator == b"[" else b"]"


def _statement(planned: Plan) -> Any:
    query = planned.query
    window = {
        "server_ids": list(planned.servers),
        "start": query.start_time,
        "end": query.end_time,
        "sensors": planned.sensors,
    }
    if query.aggregation is None:
        return queries.raw(**window)  # type: ignore[arg-type]
    return queries.means(interval=query.aggregation, by_server=query.group_by == "server", **window)  # type: ignore[arg-type]


def _documents(planned: Plan, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as they go out: absent values are left out, means carry no float noise."""
    sensors = planned.sensors or (*NAMES, "extra")
    rounded = planned.query.aggregation is not None
    documents = []
    for server_id, moment, *values in rows:
        document: dict[str, Any] = {"timestamp": moment}
        if server_id is not None:
            document["server_ulid"] = planned.servers[server_id]
        for name, value in zip(sensors, values, strict=True):
            if value is not None:
                document[name] = float(f"{value:.{SIGNIFICANT_DIGITS}g}") if rounded else value
        if not planned.sensors:
            document.update(document.pop("extra", {}))
        documents.append(document)
    return documents


def _keep(kept: list[bytes] | None, piece: bytes) -> list[bytes] | None:
    if kept is None or sum(map(len, kept)) + len(piece) > MAX_CACHED_BYTES:
        return None
    return [*kept, piece]


def _cache_key(workspace_id: int, query: DataQuery, versions: Sequence[tuple[int, int]]) -> str | None:
    if query.end_time is None or query.end_time > now() - CACHE_MARGIN:
        return None
    asked = query.model_dump(mode="json", exclude={"server_ulid"})
    digest = hashlib.sha256(_encode((workspace_id, asked, versions))).hexdigest()
    return f"sentinela:query:{workspace_id}:{digest}"
