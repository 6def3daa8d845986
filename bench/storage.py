"""`./sentinela bench storage`: what history costs on disk, how fast it comes in, and what sealing costs ingest.

Everything runs in a system of its own (`up`), on this machine, in one run; medians of the rounds.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from bench.history import FIRST_HOUR, arrow, fleet, parquet, table
from bench.imports import Importer, copy_rate
from bench.peers import bytes_on_disk
from bench.sealing import SealedIngest, measure
from bench.sides import Fleet, registered
from tests.system import System, scratch_folder

# 3 ms: a sender with a clock; 900 ms: one that is polled.
JITTERS = {3: 4.0, 900: 5.0}


@dataclass(frozen=True, slots=True)
class Options:
    """How much, how long, and against whom."""

    servers: int = 20
    hours: int = 12
    rounds: int = 3
    seconds: float = 20.0
    peers: bool = True
    json_file: Path | None = None


@dataclass(slots=True)
class Figures:
    """What was measured: bytes a reading by storage, readings a second by way in, ingest with and without sealing."""

    sizes: dict[str, float] = field(default_factory=dict)
    imports: dict[str, list[float]] = field(default_factory=dict)
    ingest: list[SealedIngest] = field(default_factory=list)


def run(options: Options) -> None:
    """Measure, print the tables, write the JSON."""
    log = Console(stderr=True)
    system = System(scratch_folder())
    try:
        system.start()
        servers = registered(system, options.servers)
        figures = Figures()
        _sizes_and_imports(system, servers, options, figures, log)
        for number in range(options.rounds):
            for sealing in (False, True):
                log.log(f"ingest {'with' if sealing else 'without'} the sealer, round {number + 1}")
                figures.ingest.append(measure(system, servers.numbers, options.seconds, sealing=sealing))
    finally:
        system.close()
    show(figures, options)
    if options.json_file:
        document = {"options": asdict(options) | {"json_file": None}, "figures": asdict(figures)}
        options.json_file.write_text(json.dumps(document, indent=1) + "\n")


def _sizes_and_imports(system: System, servers: Fleet, options: Options, figures: Figures, log: Console) -> None:
    importer = Importer(system)
    hour = FIRST_HOUR
    for number in range(options.rounds):
        for jitter, (kind, encode) in zip(JITTERS, (("Parquet", parquet), ("Arrow", arrow)), strict=True):
            log.log(f"import of {options.servers * options.hours:,} hours as {kind}, round {number + 1}")
            rows = fleet(servers.numbers, hour, options.hours, jitter)
            readings = table(rows, servers.ulids)
            before = _bytes(system, "segment", "segment_column")
            figures.imports.setdefault("raw binary COPY", []).append(copy_rate(system.database_url, rows))
            whole, job = importer.import_file(encode(readings), len(rows))
            figures.imports.setdefault(f"POST /imports, {kind}, the job", []).append(job)
            figures.imports.setdefault(f"POST /imports, {kind}, with the upload", []).append(whole)
            size = (_bytes(system, "segment", "segment_column") - before) / len(rows)
            figures.sizes.setdefault(f"segments, jitter {jitter} ms", size)
            if number == 0:
                copied = _bytes(system, "bench_copy") / len(rows)
                figures.sizes.setdefault("rows with their primary key", copied)
                others = bytes_on_disk(readings) if options.peers else {}
                figures.sizes |= {f"{name}, jitter {jitter} ms": size / len(rows) for name, size in others.items()}
            hour += options.hours


def _bytes(system: System, *tables: str) -> int:
    """Of these tables with their indexes and what is kept beside them."""
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name", (list(tables),)
        ).fetchone()
    return int(row[0]) if row else 0


def show(figures: Figures, options: Options) -> None:
    """Three tables."""
    console = Console()
    sizes = _table("on disk, with all indexes", "bytes a reading")
    for name, size in figures.sizes.items():
        target = next((f" (target {JITTERS[j]:g})" for j in JITTERS if name == f"segments, jitter {j} ms"), "")
        sizes.add_row(name, f"{size:.2f}{target}")
    imports = _table("history", "readings/s", "x COPY")
    copy = median(figures.imports["raw binary COPY"])
    for name, rates in figures.imports.items():
        imports.add_row(
            name, f"{median(rates):,.0f}", f"{median(rates) / copy:.2f}{' (target 3)' if 'job' in name else ''}"
        )
    titles = ("readings/s", "p99 ms", "WAL bytes a reading", "hot table MB", "sealed", "hours", "repeat p99 ms", "most")
    ingest = _table("ingest by two writers", *titles)
    for name, sealing in (("without the sealer", False), ("with the sealer", True)):
        runs = [run for run in figures.ingest if run.sealing is sealing]
        if runs:
            ingest.add_row(name, *_medians(runs))
    for each in (sizes, imports, ingest):
        console.print(each)
    console.print(
        f"medians of {options.rounds} rounds, {options.servers} servers of {options.hours} hours at 1 Hz each"
    )


def _medians(runs: list[SealedIngest]) -> list[str]:
    names = ("rate", "p99_ms", "wal_bytes", "table_mb", "sealed", "cycles", "repeat_p99_ms", "repeat_most_ms")
    middle: dict[str, Any] = {name: median(getattr(run, name) for run in runs) for name in names}
    whole = ("rate", "sealed", "cycles")
    return [f"{middle[name]:,.0f}" if name in whole else f"{middle[name]:,.1f}" for name in names]


def _table(*names: str) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(names):
        shown.add_column(name, justify="right" if place else "left")
    return shown
