"""`./sentinela bench soak`: an hour of steady readings with everything else at work, and whether anything grows.

A system of its own. Two hundred devices send ten readings a second each, one a request, when they are due. Three in
four send what they measure now. The others were cut off: they send what they measured since fifteen hours ago, twelve
times as fast as it was measured, so that in every five minutes an hour of theirs passes and the sealer has work every
minute; the hour of all the others passes once, and is sealed a minute later (SEAL_LAG_MINUTES=1). Beside it run a
question a second, five alert rules with a channel to a receiver, and a reader of the live stream.

Every ten seconds a sample goes into the JSON, which is whole after each. A time is that from when a reading was due
until it was acknowledged.
"""

import json
import os
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import soak_beside
from bench.ingest import SETTLE_SECONDS
from bench.sides import Fleet, registered
from bench.soak_beside import Beside
from bench.soak_samples import NAMES, Disk, course, figures, memory, percentile_ms
from bench.steady import Client, Plan, Stamps, Taken
from tests.system import System, scratch_folder

# One in so many devices was cut off, for so long, and catches up so many times as fast.
LATE = 4
LATE_SECONDS = 15 * 3600
LATE_PACE = 12
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """How long, how many readings a second of how many servers, how often a sample is taken."""

    minutes: float = 60.0
    rate: float = 2000.0
    servers: int = 200
    sample_seconds: float = 10.0
    json_file: Path | None = None


class Soak:
    """The running system, and what has been seen of it."""

    def __init__(self, system: System, options: Options) -> None:
        self._options = options
        self._system = system
        self._servers = registered(system, options.servers)
        late = self._servers.numbers[::LATE]
        self._late = [self._servers.ulids[number] for number in late]
        self._live = [ulid for number, ulid in self._servers.ulids.items() if number not in set(late)]
        self._disk = Disk(system, late)
        self._plan = plan(options, self._servers, set(late), system.port)
        self._begun = time.monotonic()
        self._steps: Counter[int] = Counter()
        self._errors: Counter[str] = Counter()
        self.samples: list[dict[str, Any]] = []
        self.totals: dict[str, Any] = {}

    def run(self, log: Console) -> None:
        """Send, ask and sample for so long; at the end count what is stored."""
        with (
            closing(self._disk),
            soak_beside.running(self._system, self._live, self._late) as beside,
            closing(Client(self._plan)) as client,
        ):
            self._begun = time.monotonic()
            while time.monotonic() - self._begun < self._options.minutes * 60:
                self._wait()
                self._sample(client.take(), beside)
                self._write()
                log.log(line(self.samples[-1]))
            self._count(client.stop())
            self.totals["stored"] = self._disk.stored()
            self._write()

    def _wait(self) -> None:
        due = self._begun + (len(self.samples) + 1) * self._options.sample_seconds
        time.sleep(max(0.0, due - time.monotonic()))

    def _sample(self, taken: Taken, beside: Beside) -> None:
        second = time.monotonic() - self._begun
        self._count(taken)
        self.samples.append({
            "second": round(second, 1),
            "answers": taken.steps.total(),
            "p50_ms": percentile_ms(taken.steps, 0.5),
            "p99_ms": percentile_ms(taken.steps, 0.99),
            "worst_ms": percentile_ms(taken.steps, 1.0),
            "errors": taken.errors.total(),
            "behind": taken.behind,
            "machine_load": round(os.getloadavg()[0], 1),
            "client_cpu_seconds": round(taken.cpu_seconds, 2),
            "memory": memory(self._system),
            "disk": self._disk.sizes(),
            **beside.take(),
        })  # fmt: skip

    def _count(self, taken: Taken) -> None:
        self._steps += taken.steps
        self._errors += taken.errors
        self.totals = {
            "acknowledged": self._steps.total(),
            "errors": dict(self._errors),
            "p50_ms": percentile_ms(self._steps, 0.5),
            "p99_ms": percentile_ms(self._steps, 0.99),
            "p999_ms": percentile_ms(self._steps, 0.999),
            "worst_ms": percentile_ms(self._steps, 1.0),
        }

    def _write(self) -> None:
        if self._options.json_file is None:
            return
        document = {
            "options": asdict(self._options) | {"json_file": None},
            "totals": self.totals,
            "figures": figures(self.samples),
            "samples": self.samples,
        }
        fresh = self._options.json_file.with_name(self._options.json_file.name + ".new")
        fresh.write_text(json.dumps(document) + "\n")
        fresh.replace(self._options.json_file)


def plan(options: Options, servers: Fleet, late: set[int], port: int) -> Plan:
    """Who sends which instants."""
    now = time.time_ns() // 1000
    step = round(MICROSECONDS * options.servers / options.rate)
    behind = Stamps(now - LATE_SECONDS * MICROSECONDS, step * LATE_PACE)
    devices = [
        (ulid, key, behind if number in late else Stamps(now, step))
        for (number, ulid), key in zip(servers.ulids.items(), servers.keys, strict=True)
    ]
    return Plan(port, options.rate, devices)


def line(sample: dict[str, Any]) -> str:
    """A sample for whoever looks on."""
    held = ", ".join(f"{name} {of['pss_mb']:.0f}" for name, of in sample["memory"].items())
    return (
        f"{sample['second'] / 60:5.1f} min: {sample['answers']:,} answers, p50 {sample['p50_ms']:.1f}, "
        f"p99 {sample['p99_ms']:.1f}, worst {sample['worst_ms']:.0f} ms, {sample['errors']} errors; "
        f"PSS MB {held}; disk MB {sample['disk']['database_mb']:.0f}, {sample['disk']['sealed']:,} sealed"
    )


def show(soak: Soak, console: Console) -> None:
    """Memory by process, and the sentences below it."""
    found = figures(soak.samples)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("memory", "RSS MB, first", "last", "MB/h in the second half", "PSS MB, first", "last", "MB/h", "CPU"):
        table.add_column(title, justify="left" if title == "memory" else "right")
    first, last = soak.samples[0], soak.samples[-1]
    for name in NAMES.values():
        cells = []
        for kind in ("rss", "pss"):
            held = (sample["memory"][name][f"{kind}_mb"] for sample in (first, last))
            cells += [*(f"{megabytes:.0f}" for megabytes in held), f"{found['mb_per_hour'][name][kind]:+.1f}"]
        table.add_row(name, *cells, share(soak.samples, "memory", name, "cpu_seconds"))
    console.print(table)
    totals, quarters = soak.totals, found["p99_ms"]
    console.print(
        f"{totals['acknowledged']:,} acknowledged, {totals['stored']:,} stored, errors: {totals['errors'] or 'none'}; "
        f"p50 {totals['p50_ms']:.1f}, p99 {totals['p99_ms']:.1f}, worst {totals['worst_ms']:.0f} ms\n"
        f"p99 in the first quarter {quarters['first quarter']:.1f} ms, in the last {quarters['last quarter']:.1f} ms; "
        f"the client took {share(soak.samples, 'client_cpu_seconds')} of a core"
    )


def share(samples: list[dict[str, Any]], *path: str) -> str:
    """CPU between the first and the last sample, of one core."""
    seconds, cpu = course(samples, "second"), course(samples, *path)
    elapsed = seconds[-1] - seconds[0]
    return f"{(cpu[-1] - cpu[0]) / elapsed:.0%}" if elapsed else "?"


def run(options: Options) -> None:
    """Measure, write as it goes, show."""
    system = System(scratch_folder(), SEAL_LAG_MINUTES="1", WEBHOOK_ALLOWED_NETWORKS="127.0.0.1/32")
    try:
        system.start()
        time.sleep(SETTLE_SECONDS)
        soak = Soak(system, options)
        soak.run(Console(stderr=True))
    finally:
        system.close()
    show(soak, Console())
