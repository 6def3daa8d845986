"""`./sentinela bench live`: from ingest to a browser, and what watching costs ingest.

A system of its own with two API processes. First the time from sending a reading until a reader of the stream has it,
at a steady rate, while others watch too. Then single readings as fast as they go, by turns with nobody watching and
with readers, A B A B.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import httpx
from rich.console import Console

from bench import sides
from bench.ingest import READING, SETTLE_SECONDS
from bench.load import Posts
from tests.system import System, scratch_folder

TARGET_P95_MS = 250.0
CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Options:
    """How many watch, how fast is sent, how long."""

    readers: int = 20
    rate: float = 50.0
    seconds: float = 10.0
    rounds: int = 4
    json_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds from sending to reading; readings a second and API CPU microseconds a reading, by round."""

    p50: float
    p95: float
    p99: float
    told: int
    alone: list[float]
    watched: list[float]
    alone_cpu: list[float]
    watched_cpu: list[float]


class Reader(threading.Thread):
    """One browser: remembers when each reading came, by the number in its temperature."""

    def __init__(self, system: System, key: str) -> None:
        super().__init__(daemon=True)
        self._request = {"url": f"{system.url}/data/stream", "headers": {"Authorization": f"Bearer {key}"}}
        self.ready = threading.Event()
        self.stopped = threading.Event()
        self.seen: dict[float, float] = {}

    def run(self) -> None:
        with httpx.stream("GET", **self._request, timeout=30, trust_env=False) as response:  # type: ignore[arg-type]
            for line in response.iter_lines():
                if line.startswith("data: ["):
                    moment = time.perf_counter()
                    for reading in json.loads(line[6:]):
                        self.seen.setdefault(reading.get("temperature", -1.0), moment)
                elif line == "event: ready":
                    self.ready.set()
                if self.stopped.is_set():
                    return


@contextmanager
def watching(system: System, count: int) -> Iterator[list[Reader]]:
    """So many readers, each told that it misses nothing."""
    readers = [Reader(system, system.admin_key) for _ in range(count)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.ready.wait(30)
    yield readers
    for reader in readers:
        reader.stopped.set()
    for reader in readers:
        reader.join(10)


def latencies(system: System, ulid: str, key: str, options: Options) -> list[float]:
    """Seconds from the moment before each request until each reader had it."""
    sent: dict[float, float] = {}
    with ExitStack() as stack:
        readers = stack.enter_context(watching(system, options.readers))
        client = stack.enter_context(httpx.Client(base_url=system.url, trust_env=False, timeout=30))
        begun = time.perf_counter()
        for number in range(int(options.rate * options.seconds)):
            time.sleep(max(0.0, begun + number / options.rate - time.perf_counter()))
            body = {"server_ulid": ulid, "timestamp": datetime.now(UTC).isoformat(), "temperature": number}
            sent[float(number)] = time.perf_counter()
            client.post("/data", json=body, headers={"Authorization": f"Bearer {key}"}).raise_for_status()
        time.sleep(1)
    missing = sum(len(sent.keys() - reader.seen.keys()) for reader in readers)
    if missing:
        raise RuntimeError(f"{missing} readings did not reach a reader")
    return [reader.seen[number] - moment for reader in readers for number, moment in sent.items()]


def measure(options: Options, console: Console) -> Figures:
    system = System(scratch_folder(), workers=2)
    single = System(scratch_folder())
    try:
        found = latencies(system.start(), *_register(system), options)
        system.stop()
        rates = _cost(single.start(), options, console)
    finally:
        system.close()
        single.close()
    percentiles = [value * 1000 for value in quantiles(found, n=100)]
    return Figures(percentiles[49], percentiles[94], percentiles[98], len(found), *rates)


def _cost(
    system: System, options: Options, console: Console
) -> tuple[list[float], list[float], list[float], list[float]]:
    ulid, key = _register(system)
    posts = Posts("/data", READING.format(ulid=ulid), key)
    side = sides.ours(system)
    rates: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    time.sleep(SETTLE_SECONDS)
    for number in range(options.rounds):
        console.log(f"round {number + 1} of {options.rounds}")
        for watched in (0, 1):
            with watching(system, watched * options.readers):
                before = side.cpu_seconds()[0]
                result = posts.run(system.port, CONNECTIONS, 3.0)
                rates[watched].append(result.rate)
                cpu[watched].append((side.cpu_seconds()[0] - before) / result.answers * 1e6)
    return *rates, *cpu


def _register(system: System) -> tuple[str, str]:
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    made = httpx.post(f"{system.url}/servers", json={"server_name": "bench"}, headers=headers, trust_env=False).json()
    return made["server_ulid"], made["device_key"]


def run(options: Options) -> None:
    """Measure, print, write the JSON."""
    console = Console()
    figures = measure(options, Console(stderr=True))
    console.print(
        f"ingest → reader, {options.readers} readers on two processes, {options.rate:g} readings/s: "
        f"p50 {figures.p50:.0f} ms, p95 {figures.p95:.0f} ms (target {TARGET_P95_MS:g}), p99 {figures.p99:.0f} ms"
    )
    alone, watched = median(figures.alone), median(figures.watched)
    console.print(
        f"single readings, {CONNECTIONS} connections: {alone:,.0f}/s with nobody watching, {watched:,.0f}/s with "
        f"{options.readers} readers ({watched / alone:.2f} x); API CPU {median(figures.alone_cpu):.1f} and "
        f"{median(figures.watched_cpu):.1f} µs a reading"
    )
    if options.json_file:
        document = {"options": asdict(options) | {"json_file": None}, "figures": asdict(figures)}
        options.json_file.write_text(json.dumps(document, indent=1) + "\n")
