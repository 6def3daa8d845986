"""`./sentinela bench query`: questions about sealed history, against SQL over rows and others, in one run.

Ours are asked in this process, through the engine with everything that a request needs but HTTP, and one of them over
HTTP as well; nothing is cached. Every side answers from the same readings, one side after the other, again and again.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, cast

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from app.auth.principals import Principal
from app.core.apart import Apart
from app.core.db import Database
from app.core.redis import Cache
from app.core.settings import Settings
from app.readings.questions import DataQuery
from app.readings.series import Series
from bench import query_peers, query_servers
from bench import sealed_history as history
from bench.query_peers import Peer
from bench.sealed_history import Fleet
from tests.system import System, scratch_folder

DAYS = (1, 30, 365)
EXPORTED = 1_000_000
SETTLE_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Options:
    """How often, over how much, and against whom."""

    rounds: int = 5
    servers: int = 100
    days: int = 365
    peers: bool = True
    timescale_url: str | None = None
    json_file: Path | None = None


@dataclass(slots=True)
class Line:
    """One line of the table: seconds of every round."""

    name: str
    base: str = ""
    target: str = ""
    seconds: list[float] = field(default_factory=list)
    estimate: float = 0.0
    """Seconds that `explain` tells beforehand."""

    @property
    def median(self) -> float:
        return median(self.seconds) if self.seconds else 0.0


class Bench:
    """The system, its history, and the lines."""

    def __init__(self, options: Options, console: Console) -> None:
        self.options = options
        self.console = console
        self.lines: dict[str, Line] = {}
        self.memory_mb = 0.0

    def run(self) -> dict[str, Line]:
        """Generate, ask, and tell."""
        system = System(scratch_folder())
        try:
            system.start()
            time.sleep(SETTLE_SECONDS)
            with psycopg.connect(system.database_url, autocommit=True) as connection:
                self._fleet = self._generate(connection)
                asyncio.run(self._rounds(system, connection))
        finally:
            system.close()
        return self.lines

    def _generate(self, connection: "psycopg.Connection[Any]") -> Fleet:
        """One server with all the days, the others with one; rows of the first day of each, and what is exported."""
        fleet = history.servers(connection, self.options.servers)
        self.console.log(f"1 server x {self.options.days} days, {self.options.servers} x 1 day, at 1 Hz")
        history.seal(connection, fleet.numbers[:1], self.options.days * 24)
        history.seal(connection, fleet.numbers[1:], 24)
        history.as_rows(connection, fleet.numbers[:1], min(self.options.days * 24, -(-EXPORTED // 3600)))
        history.as_rows(connection, fleet.numbers[1:], 24)
        return fleet

    async def _rounds(self, system: System, connection: "psycopg.Connection[Any]") -> None:
        settings = Settings(database_url=system.database_url, redis_url=system.redis_url, data_dir=system.data_dir)
        database, cache, apart = Database(settings), Cache(settings), Apart(settings)
        self._series = Series(database, cache, apart)
        self._principal = Principal(self._fleet.workspace_id, frozenset({"read", "admin"}))
        stack = ExitStack()
        peers = self._peers(stack) if self.options.peers else []
        try:
            self.memory_mb = await self._memory(system)
            for number in range(self.options.rounds):
                self.console.log(f"round {number + 1} of {self.options.rounds}")
                await self._ask_all()
                await self._over_http(system)
                await self._sql(connection)
                for peer in peers:
                    self._timed(f"{peer.name}: minute means of a day", partial(peer.minutes, 1))
                    self._timed(f"{peer.name}: minute means, fleet", partial(peer.minutes, len(self._fleet.ulids)))
        finally:
            stack.close()
            await apart.close()
            await cache.close()
            await database.close()

    def _peers(self, stack: ExitStack) -> list[Peer]:
        """Whichever are there, filled with the same day."""
        self.console.log("the same day for the others")
        servers = stack.enter_context(query_servers.running(self._fleet, self.options.timescale_url))
        return [*query_peers.all_of(self._fleet), *servers]

    async def _ask_all(self) -> None:
        for days in [days for days in DAYS if days <= self.options.days]:
            name = "minute means of a day" + (f", behind {days} days" if days > 1 else "")
            await self._ask(name, "≤ 8 ms", **self._day(days - 1), aggregation="minute")
        year = self._range(0, self.options.days)
        await self._ask("hourly means of a year", "≤ 50 ms", **year, aggregation="hour")
        for zone in ("America/Sao_Paulo", "Asia/Kathmandu"):
            await self._ask(f"daily means of a year, {zone}", "≤ 30 ms", **year, aggregation="day", tz=zone)
        await self._ask("median of a year, one quantity", "", **year, function=["median"], sensor_type=["temperature"])
        month = self._range(0, min(self.options.days, 30)) | {"sensor_type": ["temperature"]}
        await self._ask("time-weighted daily means of a month, one quantity", "", **month, aggregation="day",
                        function=["twa"])  # fmt: skip
        await self._ask("quarters of an hour of a month", "", **self._range(0, min(self.options.days, 30)),
                        aggregation="15m")  # fmt: skip
        fleet = self._range(0, 1) | {"server_ulid": self._fleet.ulids}
        await self._ask("minute means, fleet", "≤ 0.2 x", "SQL: minute means, fleet", **fleet, aggregation="minute")
        export = self._range(0, self.options.days) | {"end_time": moment(EXPORTED)}
        for form, target in (("arrow", "≤ 1 x"), ("csv", "≤ 1.43 x"), ("json", "")):
            await self._ask(f"export of 1 M rows, {form}", target, "COPY binary of 1 M rows", **export, format=form)

    def _range(self, first: int, days: int) -> dict[str, Any]:
        bounds = {"start_time": moment(first * 86_400), "end_time": moment((first + days) * 86_400 - 1e-6)}
        return {"server_ulid": self._fleet.ulids[:1], **bounds}

    def _day(self, number: int) -> dict[str, Any]:
        return self._range(number, 1)

    async def _ask(self, name: str, target: str, base: str = "", **query: Any) -> None:
        line = self.lines.setdefault(name, Line(name, base, target))
        started = time.perf_counter()
        async for _ in self._pieces(query):
            pass
        line.seconds.append(time.perf_counter() - started)
        if not line.estimate:
            explained = await (await self._series.ask(self._principal, DataQuery(**query))).explain(3600)
            line.estimate = float(cast(dict[str, Any], explained["estimate"])["seconds"])

    async def _pieces(self, query: dict[str, Any]) -> AsyncIterator[bytes]:
        asking = await self._series.ask(self._principal, DataQuery(**query))
        # Without a key nothing is remembered.
        uncached = type(asking)(asking.series, asking.workspace_id, asking.query, asking.asked, None)
        reply = await uncached.reply(3600, query.get("format", "json"))
        async for piece in reply.pieces:
            yield piece

    async def _over_http(self, system: System) -> None:
        line = self.lines.setdefault("minute means of a day, over HTTP", Line("minute means of a day, over HTTP"))
        line.target = "≤ 13 ms"
        headers = {"Authorization": f"Bearer {system.admin_key}"}
        # Open at the end, so that no answer is remembered.
        asked = {**self._day(0), "aggregation": "minute"}
        async with httpx.AsyncClient(base_url=system.url, headers=headers, trust_env=False, timeout=60) as client:
            for attempt in range(2):
                asked["start_time"] = moment(len(line.seconds) * 1e-6 + attempt * 1e-3)
                started = time.perf_counter()
                answer = await client.get("/data", params=asked)
                elapsed = time.perf_counter() - started
        if len(answer.raise_for_status().json()) != 1440:
            raise RuntimeError("not every minute was answered")
        line.seconds.append(elapsed)

    async def _sql(self, connection: "psycopg.Connection[Any]") -> None:
        numbers = self._fleet.numbers
        self._timed("SQL: minute means of a day", lambda: query_peers.sql_minutes(connection, numbers[:1]))
        self._timed("SQL: minute means, fleet", lambda: query_peers.sql_minutes(connection, numbers))
        self._timed("COPY binary of 1 M rows", lambda: query_peers.copy_out(connection, numbers[0], EXPORTED))

    def _timed(self, name: str, ask: Callable[[], None]) -> None:
        started = time.perf_counter()
        ask()
        self.lines.setdefault(name, Line(name)).seconds.append(time.perf_counter() - started)

    async def _memory(self, system: System) -> float:
        """The most MB that the API process holds while weeks of readings are exported as CSV over HTTP.

        Its own process, because this one has held the generated history, and would hide in it what an export takes.
        """
        api = next(process for process in system.descendants() if "uvicorn" in " ".join(process.cmdline()))
        asked = {**self._range(0, min(self.options.days, 60)), "format": "csv"}
        headers = {"Authorization": f"Bearer {system.admin_key}"}
        highest = api.memory_info().rss
        async with (
            httpx.AsyncClient(base_url=system.url, headers=headers, trust_env=False, timeout=120) as client,
            client.stream("GET", "/data", params=asked) as answer,
        ):
            answer.raise_for_status()
            async for _ in answer.aiter_bytes(2**20):
                highest = max(highest, api.memory_info().rss)
        return float(highest / 2**20)


def moment(seconds: float) -> str:
    """So many seconds behind the beginning of the history."""
    return (datetime.fromtimestamp(history.FIRST_HOUR * 3600, UTC) + timedelta(seconds=seconds)).isoformat()


def show(bench: Bench, console: Console) -> None:
    """The table: medians, and ratios to the line each is compared with."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("", "median ms", "least ms", "ratio", "held", "estimate ms"):
        table.add_column(title, justify="left" if not title else "right")
    for line in bench.lines.values():
        base = bench.lines.get(line.base)
        ratio = f"{line.median / base.median:.2f}" if base and base.median else ""
        told = f"{line.estimate * 1e3:.0f}" if line.estimate else ""
        table.add_row(line.name, f"{line.median * 1e3:.1f}", f"{min(line.seconds) * 1e3:.1f}", ratio, line.target, told)
    console.print(table)
    console.print(f"the API process while exporting: {bench.memory_mb:.0f} MB at most (< 200)")


def run(options: Options) -> None:
    """Measure, show, and write the figures when asked to."""
    bench = Bench(options, Console(stderr=True))
    lines = bench.run()
    show(bench, Console())
    if options.json_file:
        figures = {"lines": [asdict(line) for line in lines.values()], "memory_mb": bench.memory_mb}
        options.json_file.write_text(json.dumps(figures, indent=1))
