"""`./sentinela bench ingest`: single readings and batches through `POST /data`, against others, in one run.

All sides run on this machine, one after the other, again and again; medians over the rounds are shown with their
ratios. Ours is a whole system of its own (`up`), with a device key checked on every request and synchronous_commit=on.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench import sides
from bench.batches import FORMATS, Batch, post_batch, raw_copy
from bench.load import WRK, Posts
from bench.sides import Side
from tests.system import System, scratch_folder

BATCH = 100_000
SERVERS = 10
SETTLE_SECONDS = 8
# Above what the JSON of a batch needs; the default of 16 MiB is for devices.
MAX_BODY_BYTES = 64 * 2**20
READING = '{{"server_ulid": "{ulid}", "timestamp": "@INSTANT", "temperature": 25.3, "humidity": 48.25, '
READING += '"voltage": 219.7, "current": 1.42}}'


@dataclass(frozen=True, slots=True)
class Options:
    """How long and against whom."""

    rounds: int = 3
    seconds: float = 4.0
    connections: int = 64
    batches: bool = True
    peers: bool = True
    own_client: bool = False
    json_file: Path | None = None


@dataclass(slots=True)
class Line:
    """One line of the table: what every round gave."""

    name: str
    base: str
    """The line it is compared with."""
    target: float | None = None
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)
    postgres_cpu: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def rate(self) -> float:
        return median(self.rates) if self.rates else 0.0


ORM, EMPTY, ROUTE, OURS = "one ORM INSERT a request", "empty ASGI endpoint", "empty FastAPI route", "POST /data"
COPY, INFLUX, INFLUX_BATCH = "raw binary COPY", "InfluxDB, one point", "InfluxDB, batch"


class Bench:
    """The sides, and the lines they fill."""

    def __init__(self, options: Options, console: Console) -> None:
        self.options = options
        self.console = console
        self.lines: dict[str, Line] = {}
        self._answers = 0
        self._soon = time.time_ns() // 1000 + 600_000_000
        self._sent = 0

    def run(self) -> dict[str, Line]:
        """All rounds."""
        system = System(scratch_folder(), MAX_BODY_BYTES=str(MAX_BODY_BYTES))
        try:
            system.start()
            # Worker and beat start after the API and import for seconds on the cores that are measured.
            time.sleep(SETTLE_SECONDS)
            with self._others(system) as others:
                self._rounds(system, others)
            self._check_stored(system)
        finally:
            system.close()
        return self.lines

    @contextmanager
    def _others(self, system: System) -> Iterator[dict[str, Side]]:
        with ExitStack() as stack:
            postgres = sides.ours(system).postgres
            found = {
                ORM: stack.enter_context(
                    sides.uvicorn("bench.orm_route:app", postgres, DATABASE_URL=system.database_url)
                ),
                EMPTY: stack.enter_context(sides.uvicorn("bench.empty:asgi")),
                ROUTE: stack.enter_context(sides.uvicorn("bench.empty:api")),
            }
            influx = stack.enter_context(sides.influxdb()) if self.options.peers else None
            if influx:
                found[INFLUX] = influx
            yield found

    def _rounds(self, system: System, others: dict[str, Side]) -> None:
        fleet = sides.registered(system, SERVERS)
        self._ulids, self._server_ids, keys = list(fleet.ulids.values()), fleet.numbers, fleet.keys
        reading = READING.format(ulid=self._ulids[0])
        mine = Posts("/data", reading, keys[0])
        wide = self.options.connections
        for number in range(self.options.rounds):
            self.console.log(f"round {number + 1} of {self.options.rounds}")
            # Above 40 clients the ORM route deadlocks on its pool now and then.
            self._single(ORM, ORM, others[ORM], mine, min(16, wide))
            self._single(EMPTY, ORM, others[EMPTY], mine, wide)
            self._single(ROUTE, ORM, others[ROUTE], mine, wide)
            self._answers += self._single(OURS, ORM, sides.ours(system), mine, wide, 50.0)
            if INFLUX in others:
                point = f"reading,server={self._ulids[0]} temperature=25.3,humidity=48.25,voltage=219.7,current=1.42"
                influx = Posts("/write?db=bench&precision=u", f"{point} @NUMBER")
                self._single(INFLUX, ORM, others[INFLUX], influx, wide)
            if self.options.batches:
                self._batches(system, others.get(INFLUX))

    def _single(
        self, name: str, base: str, side: Side, posts: Posts, connections: int, target: float | None = None
    ) -> int:
        line = self.lines.setdefault(name, Line(name, base, target))
        before = side.cpu_seconds()
        result = posts.run(side.port, connections, self.options.seconds, own_client=self.options.own_client)
        after = side.cpu_seconds()
        line.rates.append(result.rate)
        line.p50.append(result.median * 1000)
        line.p99.append(result.p99 * 1000)
        line.server_cpu.append((after[0] - before[0]) / result.answers * 1e6)
        line.postgres_cpu.append((after[1] - before[1]) / result.answers * 1e6)
        line.failures += result.failures
        return result.answers - result.failures

    def _batches(self, system: System, influx: Side | None) -> None:
        targets = {"Arrow": 0.75, "NDJSON": 0.6, "JSON array": 0.5}
        headers = {"Authorization": f"Bearer {system.admin_key}"}
        with httpx.Client(base_url=system.url, headers=headers, timeout=120, trust_env=False) as client:
            for name, (kind, encode) in FORMATS.items():
                self._timed(COPY, lambda batch: raw_copy(system.database_url, batch.packed(self._server_ids)))
                self._timed(name, lambda batch: post_batch(client, kind, encode(batch), BATCH), targets.get(name))  # noqa: B023
                self._answers += BATCH
        if influx:
            self._timed(INFLUX_BATCH, lambda batch: _post_points(influx, batch))

    def _timed(self, name: str, send: Callable[[Batch], float], target: float | None = None) -> None:
        # One behind the other from soon on: no history changes, and no instant comes twice.
        first = self._soon + self._sent * BATCH * 1000
        self._sent += 1
        line = self.lines.setdefault(name, Line(name, COPY, target))
        line.rates.append(BATCH / send(Batch(self._ulids, BATCH, first)))

    def _check_stored(self, system: System) -> None:
        with psycopg.connect(system.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM reading").fetchone()
        stored = row[0] if row else 0
        # A load that ends by the clock leaves requests unanswered: those may be stored as well.
        if not self._answers <= stored <= self._answers + self.options.rounds * self.options.connections:
            raise RuntimeError(f"{self._answers:,} readings were acknowledged, {stored:,} are stored")
        self.console.log(f"{self._answers:,} readings acknowledged, all of them stored")


def _post_points(influx: Side, batch: Batch) -> float:
    points = batch.line_protocol()
    started = time.perf_counter()
    url = f"http://127.0.0.1:{influx.port}/write?db=bench&precision=u"
    httpx.post(url, content=points, timeout=120, trust_env=False).raise_for_status()
    return time.perf_counter() - started


def show(lines: dict[str, Line], options: Options, console: Console) -> None:
    """The table: medians, and ratios to the line each is compared with."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "readings/s", "x", "of", "of empty ASGI", "p50 ms", "p99 ms", "CPU µs", "PostgreSQL µs", "failed"):
        table.add_column(name, justify="left" if name in ("", "of") else "right")
    for line in lines.values():
        base = lines[line.base].rate
        target = f" (target {line.target:g})" if line.target else ""
        ratio = f"{line.rate / base:,.2f}{target}" if base else ""
        single = bool(line.p50)
        empty = f"{line.rate / lines[EMPTY].rate:.2f}" if single and EMPTY in lines else ""
        numbers = (line.p50, line.p99, line.server_cpu, line.postgres_cpu) if single else ((), (), (), ())
        cells = [f"{median(values):,.1f}" if values else "" for values in numbers]
        table.add_row(line.name, f"{line.rate:,.0f}", ratio, line.base, empty, *cells, str(line.failures or ""))
    console.print(table)
    client = "wrk" if WRK and not options.own_client else "the repository's own client"
    console.print(f"medians of {options.rounds} rounds of {options.seconds:g} s, load by {client}")


def run(options: Options) -> None:
    """Measure, print the table, write the JSON."""
    console = Console()
    lines = Bench(options, Console(stderr=True)).run()
    show(lines, options, console)
    if options.json_file:
        document = {
            "options": asdict(options) | {"json_file": None},
            "lines": [asdict(line) for line in lines.values()],
        }
        options.json_file.write_text(json.dumps(document, indent=1) + "\n")
