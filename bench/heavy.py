"""`./sentinela bench heavy`: what single readings wait for while heavy questions are computed (R3).

A system of its own with a year of history of one server. Readings are sent one a request at a steady rate, by turns
alone, while others ask without a pause for medians of the year and for exports of a month, and with `--crowd` while
many ask for the whole year as stored. A time begins when the reading was due, so that one that had to wait for another
counts with its wait.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench import crowd, sides
from bench import sealed_history as history
from bench.ingest import SETTLE_SECONDS
from bench.query import moment
from tests.system import System, scratch_folder

CONNECTIONS = 32
TARGET = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """Readings a second, who asks at once, how long a turn is, how many turns, days of history, how large the crowd."""

    rate: float = 50.0
    askers: int = 4
    seconds: float = 10.0
    rounds: int = 3
    days: int = 365
    crowd: int = 0
    json_file: Path | None = None


@dataclass(slots=True)
class Figures:
    """Seconds of every turn, and how many questions were answered in it."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    worst: list[float] = field(default_factory=list)
    answered: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    """Of the crowd's answers, with their `bytes`."""


class Heavy:
    """The system and its history."""

    def __init__(self, system: System, options: Options) -> None:
        self._options = options
        self._system = system
        sender = sides.registered(system, 1)
        self._ulid, self._key = next(iter(sender.ulids.values())), sender.keys[0]
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            asked = history.servers(connection, 1)
            history.seal(connection, asked.numbers, options.days * 24)
        self._asked = asked.ulids[0]
        self._client = httpx.AsyncClient(
            base_url=system.url, trust_env=False, timeout=120, limits=httpx.Limits(max_connections=CONNECTIONS)
        )

    async def turns(self, log: Console) -> dict[str, Figures]:
        """Alone and with the askers, again and again."""
        found = {"alone": Figures()}
        few, many = self._options.askers, self._options.crowd
        turns = {"beside heavy questions": (few, self._heavy_ones())}
        if many:
            turns[f"beside {many} year-long ones"] = (many, [self._stored()])
        async with self._client:
            await self._send(2.0)
            for number in range(self._options.rounds):
                log.log(f"round {number + 1} of {self._options.rounds}")
                _add(found["alone"], await self._send(self._options.seconds))
                for name, (askers, paths) in turns.items():
                    await self._beside(found.setdefault(name, Figures()), askers, paths)
        return found

    def _heavy_ones(self) -> list[str]:
        """Medians of the year and exports of a month; with bounds of its own each time nothing is remembered."""
        year, month = self._options.days * 86_400 - 1, min(30, self._options.days) * 86_400
        return [self._path(year, "function=median"), self._path(month, "format=csv")]

    def _stored(self) -> str:
        return self._path(self._options.days * 86_400, "format=csv")

    def _path(self, seconds: int, rest: str) -> str:
        start, end = (moment(at).removesuffix("+00:00") for at in (0, seconds))
        return f"/data?server_ulid={self._asked}&start_time={start}.{crowd.EACH}Z&end_time={end}Z&{rest}"

    async def _beside(self, figures: Figures, askers: int, paths: list[str]) -> None:
        seconds = self._options.seconds
        asking = crowd.started(self._system.port, self._system.admin_key, paths, askers, seconds + 2)
        await asyncio.sleep(1.5)
        _add(figures, await self._send(seconds))
        tallied = await asyncio.to_thread(crowd.tallied, asking)
        figures.statuses = dict(Counter(figures.statuses) + Counter(tallied))
        figures.answered = figures.statuses.get("whole", 0)
        await asyncio.sleep(SETTLE_SECONDS)

    async def _send(self, seconds: float) -> list[float]:
        """Seconds from when each reading was due until it was acknowledged."""
        begun = time.perf_counter()
        sending: list[Awaitable[float]] = []
        for number in range(int(self._options.rate * seconds)):
            due = begun + number / self._options.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sending.append(asyncio.ensure_future(self._post(due)))
        return list(await asyncio.gather(*sending))

    async def _post(self, due: float) -> float:
        body = {"server_ulid": self._ulid, "timestamp": datetime.now(UTC).isoformat(), "temperature": 21.5}
        answer = await self._client.post("/data", json=body, headers={"Authorization": f"Bearer {self._key}"})
        if not answer.is_success:
            raise RuntimeError(f"sent a reading, and was answered {answer.status_code}: {answer.text}")
        return time.perf_counter() - due


def _add(figures: Figures, seconds: list[float]) -> None:
    hundredths = quantiles(seconds, n=100)
    figures.p50.append(hundredths[49])
    figures.p99.append(hundredths[98])
    figures.worst.append(max(seconds))


def show(found: dict[str, Figures], console: Console) -> None:
    """Medians of the turns."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("single readings", "p50 ms", "p99 ms", "worst ms", "questions answered"):
        table.add_column(title, justify="left" if title == "single readings" else "right")
    for name, of in found.items():
        times = (f"{median(part) * 1e3:.1f}" for part in (of.p50, of.p99, of.worst))
        table.add_row(name, *times, str(of.answered or ""))
    console.print(table)
    alone, *beside = (median(of.p99) for of in found.values())
    for name, p99, of in zip([*found][1:], beside, [*found.values()][1:], strict=True):
        console.print(f"p99 {name}: {p99 / alone:.1f} times what it is alone; {dict(of.statuses) or ''}")


def run(options: Options) -> None:
    """Measure, show, and write the figures when asked to."""
    log = Console(stderr=True)
    system = System(scratch_folder())
    try:
        system.start()
        time.sleep(SETTLE_SECONDS)
        log.log(f"{options.days} days of one server at 1 Hz")
        found = asyncio.run(Heavy(system, options).turns(log))
    finally:
        system.close()
    show(found, Console())
    if options.json_file:
        options.json_file.write_text(json.dumps({name: asdict(of) for name, of in found.items()}, indent=1) + "\n")
