"""All that is done with the tables that grow with readings, once through, on any database: what it answers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import text

from app.alerts import history
from app.core.clock import from_microseconds
from app.core.copy import Connection, WriterConnection
from app.core.db import Database
from app.core.identifiers import new_ulid
from app.core.paging import Asked
from app.core.settings import Settings
from app.fleet import service as fleet
from app.monitoring import queries as measured
from app.presence import purging, watching
from app.presence import service as presence
from app.presence.beats import INGEST, beat
from app.presence.schemas import HistoryQuery
from app.presence.service import Arrivals
from app.readings import asking, hot, latest, recent, retention, sealing, straight, verifying
from app.readings.bulk import Bulk, ready_part
from app.readings.checking import Checks, Kept
from app.readings.deleting import Span, delete_readings
from app.readings.engine import answer, outline
from app.readings.ingest import GroupCommit
from app.readings.quantities import ID_OF_NAME
from app.readings.questions import DataQuery
from app.readings.rows import Reading, Rows
from app.readings.segments import HOUR
from app.readings.written import whole
from tests.readings.storage import State, new_servers, stored

SECOND = 1_000_000
LAG = timedelta(minutes=60)
FORMS = ("json", "csv", "arrow")
Told = dict[str, Any]


async def new_workspace(database: Database) -> int:
    """A workspace of nobody, which keeps the readings of ninety days."""
    async with database.write() as session:
        statement = "INSERT INTO workspace (workspace_ulid, name, retention_days) VALUES (:ulid, :ulid, 90)"
        made = await session.execute(text(f"{statement} RETURNING workspace_id"), {"ulid": new_ulid()})
        return int(made.scalar_one())


def rows(server_id: int, start: int, count: int, step: int = 10, **values: Any) -> Rows:
    """Readings every `step` seconds."""
    columns = {name: np.asarray(value, np.float64) * np.ones(count) for name, value in values.items()}
    return Rows(np.full(count, server_id), start + step * SECOND * np.arange(count), columns)


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[tuple[GroupCommit, Bulk]]:
    """The two ways in."""
    arrivals = Arrivals(60)
    group, bulk = GroupCommit(database, 10_000, arrivals), Bulk(database, arrivals, LAG)
    group.start()
    try:
        yield group, bulk
    finally:
        await group.close()
        await bulk.close()


async def sent(database: Database, servers: Sequence[int], now: int) -> Told:
    """Readings come in, by each way, some of them twice and once more with other values."""
    one, two, three, _ = servers
    told: Told = {}
    async with opened(database) as (group, bulk):
        singles = [Reading(one, now - n * SECOND, {"temperature": float(n)}) for n in range(20)]
        told["singles"] = [(await group.submit(each)).outcome for each in [*singles, *singles[:3]]]
        more = [Reading(one, now, {"humidity": 40.0}), Reading(one, now - SECOND, {"temperature": 9.5, "ph": 7.25})]
        told["merged"] = [(stored.outcome, stored.values) for stored in [await group.submit(each) for each in more]]
        batch = rows(two, now - 600 * SECOND, 60, temperature=np.arange(60) / 4, ph=7.0)
        told["batch"] = [await group.submit_rows(batch) for _ in range(2)]
        old = rows(three, now - 30 * 24 * HOUR, 720, humidity=55.5, voltage=np.arange(720))
        async with bulk.transaction() as transaction:
            for part in (batch, old, rows(one, now - 6 * HOUR, 90, temperature=18.0), rows(two, now, 1, current=2.0)):
                await transaction.add(ready_part(part, bulk.first_hot()))
        told["bulk"] = transaction.total
    return told


async def imported(database: Database, servers: Sequence[int], now: int) -> Told:
    """A server's history comes in straight, as an import has it, and again."""
    writer = hot.writer_for(database)
    found = []
    for count in (400, 500):
        part = rows(servers[3], (now - 100 * 24 * HOUR) // HOUR * HOUR, count, current=np.arange(count))
        async with writer.transaction() as connection:
            found.append(await straight.fold(connection, part))
    await writer.close()
    return {"imported": found}


async def asked(database: Database, workspace_id: int, servers: Sequence[int], now: int) -> Told:
    """Every kind of question that reads these tables."""
    numbers = await _numbers(database, workspace_id)
    async with database.snapshot(workspace_id) as connection:
        newest = await latest.newest(connection, list(servers), numbers)
    told: Told = {"newest": [dict(sorted(newest.get(server, {}).items())) for server in servers]}
    for name, query in _queries(now).items():
        told[name] = [await _answer(database, workspace_id, query, form) for form in FORMS]
    async with database.read(workspace_id) as session:
        lines = await fleet._sparklines(session, servers, from_microseconds(now))
    told["sparklines"] = [lines.get(server) for server in servers]
    return told | await _followed(database, servers, now)


def _queries(now: int) -> dict[str, DataQuery]:
    start, end = (from_microseconds(now + offset) for offset in (-40 * 24 * HOUR, HOUR))
    of_time: dict[str, Any] = {"start_time": start.isoformat(), "end_time": end.isoformat()}
    return {
        "raw": DataQuery.model_validate({"start_time": from_microseconds(now - 12 * HOUR).isoformat()}),
        "minutes": DataQuery.model_validate({**of_time, "aggregation": "minute", "group_by": "server"}),
        "hours": DataQuery.model_validate({**of_time, "aggregation": "hour", "function": ["max", "p95"]}),
        "of all time": DataQuery.model_validate({"function": ["mean", "count"], "group_by": "server"}),
        "where": DataQuery.model_validate({**of_time, "where": ["temperature>5"], "sensor_type": ["temperature"]}),
    }


async def _answer(database: Database, workspace_id: int, query: DataQuery, form: str) -> bytes:
    wanted = await asking.ask(database, workspace_id, query)

    async def work(connection: Connection) -> bytes:
        seen = await outline.overview(connection, wanted.question)
        async with aclosing(answer.pieces(connection, wanted.question, seen)) as pieces:
            return (await whole(pieces, wanted, query, form))[0]

    return await database.at_once(workspace_id, work)


async def _numbers(database: Database, workspace_id: int) -> dict[str, int]:
    async with database.snapshot(workspace_id) as connection:
        return await latest.asked_quantities(connection, workspace_id, ())


async def _followed(database: Database, servers: Sequence[int], now: int) -> Told:
    """What rules read."""
    own, connection = np.array(servers, np.int64), await database.connect()
    before = np.full(len(own), now - 300 * SECOND)
    new = await recent.since(connection, ["temperature", "ph"], own, before)
    horizon = await recent.horizon(connection, own)
    ends = (before, before + 100 * SECOND, np.full(len(own), now))
    late = await recent.late(connection, own, *ends, horizon)
    earlier = await recent.late(connection, own, *ends, np.zeros(len(own), np.int64))
    sealed = await recent.sealed_since(connection, own, np.full(len(own), now - 60 * 24 * HOUR))
    known = [await history.sent(connection, own, name, ID_OF_NAME.get(name, 0), before) for name in ("voltage", "ph")]
    await connection.close()
    return {
        "since": (
            [servers.index(number) for number in new.server],
            new.ts.tolist(),
            np.nan_to_num(new.values["temperature"]).tolist(),
        ),
        "late": [
            sorted(zip(*(part.tolist() for part in _by_place(found, servers)), strict=True))
            for found in (late, earlier)
        ],
        "sealed": {servers.index(number): count for number, count in sealed.items()},
        "known": [found.tolist() for found in known],
    }


def _by_place(found: tuple[Any, ...], servers: Sequence[int]) -> tuple[Any, ...]:
    return (np.array([servers.index(number) for number in found[0].tolist()], np.int64), *found[1:])


async def kept(database: Database, workspace_id: int, servers: Sequence[int], now: int) -> Told:
    """What is looked after: presence, what was acknowledged, statistics, sizes."""
    checks = Checks(database, 60.0)
    wanted = [Kept(servers[0], now, 0), Kept(servers[2], now - 30 * 24 * HOUR, 0), Kept(servers[1], now - 7, 0)]
    told: Told = {"seen": [version is not None for version in await checks._seen(wanted)]}
    told["versions"] = sorted((servers.index(number), at) for number, at in (await checks._versions(servers)).items())
    writer = WriterConnection(database)
    async with writer.transaction() as connection:
        await beat(connection, INGEST)
        looked = await watching.look(connection, 60, 5.0)
        told["changes"] = sorted(
            (servers.index(c.server_id), c.status) for c in looked.changes if c.server_id in servers
        )
        long_ago = [from_microseconds(number * SECOND) for number in (0, 1)]
        statement = "UPDATE presence_interval SET started_at = %s, ended_at = %s WHERE server_id = ANY(%s)"
        await connection.execute(statement, [*long_ago, servers])
    told["history"] = await _history(database, workspace_id, now)
    async with writer.statement() as connection:
        is_spread = (await database.nature()).is_spread
        tables = measured.TABLES_OF_NODES if is_spread else measured.TABLES
        sizes = await (await connection.execute(tables)).fetchall()
        told["sizes"] = sorted((name, size > 0) for name, size, _ in sizes)
    await writer.close()
    told["purged"] = await purging.purge(database, Settings(_env_file=None, presence_retention_days=1))
    return told


async def went(database: Database, servers: Sequence[int], now: int) -> Told:
    """Readings are sealed, verified, expire and are deleted."""
    writer = WriterConnection(database)
    told: Told = {"sealed": await sealing.seal(database, LAG), "again": await sealing.seal(database, LAG)}
    told["stored"] = _placed(await stored(writer, servers), servers)
    verified = await verifying.verify_all(writer)
    told["verified"] = (verified.segments > 0, verified.repaired, verified.damaged, verified.drift < verifying.ROUNDING)
    told["sampled"] = (await verifying.verify_sample(database)).segments > 0
    spans = {"humidity": Span(now - 31 * 24 * HOUR, now + HOUR), None: Span(now - 6 * HOUR, now - 5 * SECOND)}
    told["deleted"] = [
        await delete_readings(writer, server, span, name) for name, span in spans.items() for server in servers
    ]
    told["expired"] = [await retention.drop_expired(database) for _ in range(2)]
    told["left"] = _placed(await stored(writer, servers), servers)
    await writer.close()
    return told


async def _history(database: Database, workspace_id: int, now: int) -> list[Any]:
    """When the servers were online in 1970, when ingest was away for a quarter of a second."""
    async with database.write() as session:
        outage = "INSERT INTO platform_outage VALUES ('ingest', :start, :end) ON CONFLICT DO NOTHING"
        ends = {"start": from_microseconds(SECOND // 2), "end": from_microseconds(3 * SECOND // 4)}
        await session.execute(text(outage), ends)
    async with database.read(workspace_id) as session:
        return [
            (await presence.history(session, workspace_id, ulid_of(place, now), HistoryQuery(), Asked())).items
            for place in range(4)
        ]


def _placed(state: State, servers: Sequence[int]) -> list[Any]:
    return sorted((servers.index(server), ts, sorted(values.items())) for (server, ts), values in state.items())


def ulid_of(place: int, now: int) -> str:
    """Of the server at a place: the same on every database."""
    return f"{now:020}{place:06}"


async def _name(database: Database, servers: Sequence[int], now: int) -> None:
    """So that answers are the same wherever they come from."""
    async with database.write() as session:
        for place, number in enumerate(servers):
            values = {"ulid": ulid_of(place, now), "name": f"server {place} at {now}", "number": number}
            await session.execute(
                text("UPDATE server SET server_ulid = :ulid, name = :name WHERE server_id = :number"), values
            )


async def story(database: Database, now: int) -> Told:
    """All of it on servers of its own."""
    workspace_id = await new_workspace(database)
    servers = await new_servers(database, workspace_id, 4, ["ph"])
    await _name(database, servers, now)
    told = await sent(database, servers, now) | await imported(database, servers, now)
    told["hot"] = await asked(database, workspace_id, servers, now)
    told |= await went(database, servers, now)
    told["cold"] = await asked(database, workspace_id, servers, now)
    return told | await kept(database, workspace_id, servers, now)
