"""`python -m bench.spread ONE CITUS`: one PostgreSQL and a Citus with our tables distributed, A B A B, in one run.

Both are addresses of databases that have our schema, and that lose nothing by servers of a bench. What is measured is
the code of the API, in this process; the rates of both sides share its processor.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from statistics import median

import numpy as np

from app.core.copy import Connection
from app.core.db import Database
from app.core.settings import Settings
from app.presence.service import Arrivals
from app.readings import asking, latest, sealing
from app.readings.bulk import Bulk, ready_part
from app.readings.engine import answer, outline
from app.readings.ingest import GroupCommit
from app.readings.quantities import ID_OF_NAME
from app.readings.questions import DataQuery
from app.readings.rows import Reading, Rows
from app.readings.segments import HOUR
from app.readings.written import whole
from tests.cluster.story import new_workspace
from tests.readings.storage import new_servers

SERVERS, ROWS, SENDERS = 100, 10_000, 64
# Of each sender: both sides must hold as much when they are asked.
SINGLES = 100
QUESTIONS = 7
LAG = timedelta(minutes=60)
Figures = dict[str, list[float]]


class Side:
    """One database, with servers of its own."""

    def __init__(self, url: str) -> None:
        self.database = Database(Settings(_env_file=None, database_url=url))
        self.figures: Figures = {}

    async def prepare(self) -> None:
        self.workspace = await new_workspace(self.database)
        self.servers = await new_servers(self.database, self.workspace, SERVERS)
        self.number = 0

    def note(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)

    async def round(self) -> None:
        self.number += 1
        await self._singles()
        start = time.time_ns() // 1000 - 24 * HOUR - self.number * 7
        young = self._rows(time.time_ns() // 1000 - self.number * 7 - 600_000_000, 1)
        self.note("batch, new, readings/s", ROWS / await self._batch(young))
        self.note("batch, again, readings/s", ROWS / await self._batch(young))
        await self._batch(self._rows(start, 60))
        started = time.perf_counter()
        done = await sealing.seal(self.database, LAG)
        assert done
        self.note("sealing, readings/s", done.readings / (time.perf_counter() - started))
        await self._questions()

    async def _singles(self) -> None:
        arrivals = Arrivals(60)
        group = GroupCommit(self.database, 10_000, arrivals)
        group.start()

        async def send(server_id: int) -> None:
            for _ in range(SINGLES):
                await group.submit(Reading(server_id, time.time_ns() // 1000, {"temperature": 20.0}))

        started = time.perf_counter()
        await asyncio.gather(*(send(server_id) for server_id in self.servers[:SENDERS]))
        self.note("singles, 64 senders, readings/s", SENDERS * SINGLES / (time.perf_counter() - started))
        await group.close()

    def _rows(self, start: int, step: int) -> Rows:
        """Of each server a hundred, `step` seconds apart."""
        each = ROWS // SERVERS
        ts = start + step * 1_000_000 * np.arange(each)
        values = {name: np.arange(ROWS) % 97 / 4 for name in ("temperature", "humidity", "voltage", "current")}
        return Rows(np.repeat(np.array(self.servers), each), np.tile(ts, SERVERS), values)

    async def _batch(self, rows: Rows) -> float:
        # Long ago enough for nothing to be history: what is measured is rows.
        bulk = Bulk(self.database, Arrivals(60), timedelta(days=3))
        started = time.perf_counter()
        async with bulk.transaction() as transaction:
            await transaction.add(ready_part(rows, bulk.first_hot()))
        taken = time.perf_counter() - started
        await bulk.close()
        return taken

    async def _questions(self) -> None:
        one: dict[str, object] = {"server_ulid": [await self._ulid(self.servers[0])]}
        asked: dict[str, Callable[[], Awaitable[None]]] = {
            "newest values of 100 servers, ms": self._newest,
            "raw, one server, ms": partial(self._ask, one),
            "minute means, one server, ms": partial(self._ask, {**one, "aggregation": "minute"}),
            "hour means of each of 100 servers, ms": partial(self._ask, {"aggregation": "hour", "group_by": "server"}),
        }
        for name, question in asked.items():
            self.note(name, median([await _milliseconds(question) for _ in range(QUESTIONS)]))

    async def _newest(self) -> None:
        async with self.database.snapshot(self.workspace) as connection:
            await latest.newest(connection, self.servers, ID_OF_NAME)

    async def _ulid(self, number: int) -> str:
        async with self.database.snapshot(self.workspace) as connection:
            rows = await latest.asked_servers(connection, self.workspace, ())
        return rows[number][0]

    async def _ask(self, wish: dict[str, object]) -> None:
        query = DataQuery.model_validate(wish)
        wanted = await asking.ask(self.database, self.workspace, query)

        async def work(connection: Connection) -> None:
            seen = await outline.overview(connection, wanted.question)
            async with aclosing(answer.pieces(connection, wanted.question, seen)) as pieces:
                await whole(pieces, wanted, query, "json")

        await self.database.at_once(self.workspace, work)


async def _milliseconds(question: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await question()
    return (time.perf_counter() - started) * 1000


async def measure(one: str, citus: str, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of each side, and of the ratios of a round."""
    sides = {"one PostgreSQL": Side(one), "Citus": Side(citus)}
    for side in sides.values():
        await side.prepare()
        await side.round()
        side.figures.clear()
    for _ in range(rounds):
        for side in sides.values():
            await side.round()
    found = {name: {key: median(values) for key, values in side.figures.items()} for name, side in sides.items()}
    first, second = (side.figures for side in sides.values())
    found["ratio"] = {key: median(b / a for a, b in zip(first[key], second[key], strict=True)) for key in first}
    for side in sides.values():
        await side.database.close()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("one")
    parser.add_argument("citus")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.one, options.citus, options.rounds)), indent=2))
