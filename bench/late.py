"""`./sentinela bench late`: a million late readings while others are live.

A system of its own with two API processes. A thousand single readings a second come from fifty connections, first
alone, then while another client sends readings that are two months old, and until the last of those is sealed; then
alone again. Told are the p99 of the single readings, and the most memory that a process of the worker held.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import numpy as np
import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from bench.history import SECOND, values
from bench.sides import Fleet, registered
from tests.conftest import Server
from tests.faults.load import Load
from tests.faults.processes import WORKER, get
from tests.system import System, scratch_folder

AGE_SECONDS = 60 * 86_400
BATCH = 10_000
SHAPES = ("dense", "scattered")
SAMPLE_SECONDS = 0.25
TARGETS = {"ratio": 2.0, "worker_mb": 400.0}


@dataclass(frozen=True, slots=True)
class Options:
    """How many late readings, of how many servers, and how long the live ones are watched without them."""

    readings: int = 1_000_000
    servers: int = 50
    seconds: float = 20.0
    shapes: tuple[str, ...] = SHAPES
    json_file: Path | None = None


@dataclass(slots=True)
class Figures:
    """Of one shape: p99 of live readings in milliseconds, without late ones and with them; seconds; megabytes."""

    shape: str
    alone_ms: list[float] = field(default_factory=list)
    late_ms: float = 0.0
    sealing_ms: float = 0.0
    sent_seconds: float = 0.0
    sealed_seconds: float = 0.0
    worker_mb: float = 0.0
    api_mb: float = 0.0

    @property
    def ratio(self) -> float:
        """p99 while late readings came and were sealed, to p99 without."""
        return max(self.late_ms, self.sealing_ms) / median(self.alone_ms)


class Memory(threading.Thread):
    """The most that a process of the worker, and one of the API, held while the block lasted, MB."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        worker = get(system, WORKER)
        self._families = {"worker": worker.children() or [worker], "api": _api(system)}
        self._stopped = threading.Event()
        self.most = dict.fromkeys(self._families, 0.0)

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            for name, processes in self._families.items():
                held = max(process.memory_info().rss / 1e6 for process in processes)
                self.most[name] = max(self.most[name], held)


def _api(system: System) -> list[psutil.Process]:
    return [process for process in system.descendants() if "multiprocessing.spawn" in " ".join(process.cmdline())]


def bodies(servers: Fleet, count: int, shape: str) -> Iterator[bytes]:
    """Late readings as NDJSON. Dense: server after server, one a second. Scattered: all of them over two months."""
    chance = np.random.default_rng(5)
    ulids = list(servers.ulids.values())
    first = (int(time.time()) - AGE_SECONDS) * SECOND
    each = -(-count // len(ulids))
    step = SECOND if shape == "dense" else (AGE_SECONDS - 86_400) * SECOND // each
    number = np.arange(count)
    server, place = (number // each, number % each) if shape == "dense" else (number % len(ulids), number // len(ulids))
    ts = first + place * step
    columns = {name: column.tolist() for name, column in values(count, chance).items()}
    for start in range(0, count, BATCH):
        part = range(start, min(start + BATCH, count))
        stamps = np.datetime_as_string(ts[part.start : part.stop].view("datetime64[us]")).tolist()
        rows = (
            {"server_ulid": ulids[server[at]], "timestamp": f"{stamp}Z"} | {name: c[at] for name, c in columns.items()}
            for at, stamp in zip(part, stamps, strict=True)
        )
        yield "".join(json.dumps(row) + "\n" for row in rows).encode()


def send(system: System, made: list[bytes]) -> None:
    """One batch after the other, as a gateway would that was cut off; as often as it is told to wait."""
    headers = {"Authorization": f"Bearer {system.admin_key}", "Content-Type": "application/x-ndjson"}
    with httpx.Client(base_url=system.url, headers=headers, timeout=120, trust_env=False) as client:
        for body in made:
            while (answer := client.post("/data", content=body)).status_code in (429, 503):
                time.sleep(float(answer.headers["Retry-After"]))
            answer.raise_for_status()


def measure(system: System, options: Options, shape: str) -> Figures:
    """One run. Raises: RuntimeError when a reading is missing or there twice."""
    figures = Figures(shape)
    servers = registered(system, 1 + options.servers)
    number, ulid = next(iter(servers.ulids.items()))
    device = Server(ulid, "live", servers.keys[0], {})
    del servers.ulids[number]
    made = list(bodies(servers, options.readings, shape))
    with Load(system, device) as load, Memory(system) as memory:
        time.sleep(2)
        figures.alone_ms.append(_alone(load, options.seconds))
        started = time.monotonic()
        send(system, made)
        figures.sent_seconds = time.monotonic() - started
        while _hot(system, servers):
            time.sleep(1)
        figures.sealed_seconds = time.monotonic() - started
        ended = time.monotonic()
        figures.late_ms = p99(load, started, started + figures.sent_seconds)
        figures.sealing_ms = p99(load, started + figures.sent_seconds, ended)
        figures.alone_ms.append(_alone(load, options.seconds))
    figures.worker_mb, figures.api_mb = memory.most["worker"], memory.most["api"]
    if (stored := _sealed(system, servers)) != options.readings:
        raise RuntimeError(f"{options.readings} readings were acknowledged, {stored} are stored")
    return figures


def _alone(load: Load, seconds: float) -> float:
    started = time.monotonic()
    time.sleep(seconds)
    return p99(load, started, time.monotonic())


def p99(load: Load, start: float, end: float) -> float:
    """Of the readings that were due between two moments, milliseconds."""
    took = [seconds for due, seconds in list(load.took) if start <= due < end]
    return quantiles(took, n=100)[98] * 1000 if len(took) > 100 else 0.0


def _hot(system: System, servers: Fleet) -> int:
    return _count(system, "SELECT count(*) FROM reading WHERE server_id = ANY(%s)", servers)


def _sealed(system: System, servers: Fleet) -> int:
    return _count(system, "SELECT coalesce(sum(count), 0) FROM segment WHERE server_id = ANY(%s)", servers)


def _count(system: System, statement: str, servers: Fleet) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute(statement.encode(), (servers.numbers,)).fetchone()
    return int(row[0]) if row else 0


def run(options: Options) -> None:
    """Measure every shape, print the table, write the JSON."""
    log = Console(stderr=True)
    found = []
    for shape in options.shapes:
        system = System(scratch_folder(), workers=2, RATE_LIMIT_KEY="0", RATE_LIMIT_WORKSPACE="0")
        try:
            log.log(f"{options.readings:,} late readings, {shape}")
            found.append(measure(system.start(), options, shape))
        finally:
            system.close()
    show(found)
    if options.json_file:
        document: dict[str, Any] = {"figures": [asdict(figures) | {"ratio": figures.ratio} for figures in found]}
        options.json_file.write_text(json.dumps(document, indent=1) + "\n")


def show(found: list[Figures]) -> None:
    """A line a shape."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    titles = ("late readings", "p99 alone ms", "while sent", "while sealed", "ratio", "sent s", "sealed s", "worker MB")
    for place, name in enumerate((*titles, "API MB")):
        table.add_column(name, justify="right" if place else "left")
    for of in found:
        alone = " / ".join(f"{ms:.1f}" for ms in of.alone_ms)
        row = (f"{of.late_ms:.1f}", f"{of.sealing_ms:.1f}", f"{of.ratio:.2f} (< {TARGETS['ratio']:g})")
        rest = (
            f"{of.sent_seconds:.0f}",
            f"{of.sealed_seconds:.0f}",
            f"{of.worker_mb:.0f} (< {TARGETS['worker_mb']:g})",
        )
        table.add_row(of.shape, alone, *row, *rest, f"{of.api_mb:.0f}")
    Console().print(table)
