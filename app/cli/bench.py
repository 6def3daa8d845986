"""`bench`: the numbers that Sentinela holds, measured on this machine."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.console import CommandFailed, one_line_errors
from app.core.settings import PROJECT

bench = typer.Typer(no_args_is_help=True, help="Measure this installation against others, in one run.")


@bench.command("ingest")
@one_line_errors
def bench_ingest(
    rounds: Annotated[int, typer.Option(min=1, help="How often each side is measured.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="How long single readings are sent, each time.")] = 4.0,
    connections: Annotated[int, typer.Option(min=1, max=1000, help="Connections that send at once.")] = 64,
    batches: Annotated[bool, typer.Option(help="Batches of 100,000 in every format, too.")] = True,
    peers: Annotated[bool, typer.Option(help="InfluxDB 1.x, too, where `influxd` is installed.")] = True,
    own_client: Annotated[
        bool, typer.Option("--own-client", help="Do not use wrk, even where it is installed.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure POST /data: single readings and batches.

    It starts a system of its own and compares it with one ORM INSERT a
    request, with an empty endpoint on the same server, and with a raw COPY of
    the same rows. Close what else is running: ratios are fair, but noisy.

    Example: sentinela bench ingest --rounds 5 --json ingest.json
    """
    ingest = _module("bench.ingest")
    options = ingest.Options(rounds, seconds, connections, batches, peers, own_client, json_file)
    ingest.run(options)


@bench.command("live")
@one_line_errors
def bench_live(
    readers: Annotated[int, typer.Option(min=1, max=200, help="How many watch at once.")] = 20,
    rate: Annotated[float, typer.Option(min=1, help="Readings a second while times are taken.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long times are taken.")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often ingest is measured with and without readers.")] = 4,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure GET /data/stream: from ingest to a reader, and what watching costs ingest.

    Example: sentinela bench live --readers 50
    """
    live = _module("bench.live")
    live.run(live.Options(readers, rate, seconds, rounds, json_file))


@bench.command("storage")
@one_line_errors
def bench_storage(
    servers: Annotated[int, typer.Option(min=2, max=100, help="Servers that send once a second.")] = 20,
    hours: Annotated[int, typer.Option(min=1, max=240, help="Hours of each in a file that is imported.")] = 12,
    rounds: Annotated[int, typer.Option(min=1, help="How often each side is measured.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="How long ingest runs, with and without sealing.")] = 20.0,
    peers: Annotated[bool, typer.Option(help="DuckDB and chdb, too, where they are installed.")] = True,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure what history costs on disk, and how fast it comes in.

    It starts a system of its own, imports files and compares them with a raw
    COPY of the same rows; then it ingests with and without the sealer.

    Example: sentinela bench storage --json storage.json
    """
    storage = _module("bench.storage")
    storage.run(storage.Options(servers, hours, rounds, seconds, peers, json_file))


@bench.command("query")
@one_line_errors
def bench_query(
    rounds: Annotated[int, typer.Option(min=1, help="How often each side is asked.")] = 5,
    servers: Annotated[int, typer.Option(min=2, max=1000, help="Servers with a day of history.")] = 100,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of history of the first server.")] = 365,
    peers: Annotated[bool, typer.Option(help="DuckDB, chdb and InfluxDB, too, where installed.")] = True,
    timescale_url: Annotated[str | None, typer.Option(help="A TimescaleDB, postgresql://…, to be asked, too.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure GET /data over sealed history: minutes, hours, days, exports.

    It starts a system of its own, generates readings at 1 Hz, and compares
    the answers with SQL over the same readings as rows and with a COPY.

    Example: sentinela bench query --rounds 9 --json query.json
    """
    query = _module("bench.query")
    query.run(query.Options(rounds, servers, days, peers, timescale_url, json_file))


@bench.command("heavy")
@one_line_errors
def bench_heavy(
    rate: Annotated[float, typer.Option(min=1, max=2000, help="Single readings a second.")] = 50.0,
    askers: Annotated[int, typer.Option(min=1, max=16, help="Who asks heavy questions at once.")] = 4,
    seconds: Annotated[float, typer.Option(min=2, help="How long a turn is.")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each side is measured.")] = 3,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of history that are asked about.")] = 365,
    crowd: Annotated[int, typer.Option(min=0, max=1000, help="Who asks for the whole history as stored.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure what single readings wait for while heavy questions are computed.

    It starts a system of its own with a year of history and sends readings at
    a steady rate, by turns alone, beside medians of the year and exports, and
    with --crowd beside so many that ask for every reading of the year at once.

    Example: sentinela bench heavy --crowd 1000
    """
    heavy = _module("bench.heavy")
    heavy.run(heavy.Options(rate, askers, seconds, rounds, days, crowd, json_file))


@bench.command("late")
@one_line_errors
def bench_late(
    readings: Annotated[int, typer.Option(min=1000, help="How many late readings are sent.")] = 1_000_000,
    servers: Annotated[int, typer.Option(min=1, max=1000, help="Of so many servers.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, help="How long live readings are watched without them.")] = 20.0,
    shape: Annotated[str, typer.Option(help="dense, scattered, or both.")] = "both",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure what a flood of late readings costs live ones, and the worker's memory.

    It starts a system of its own, sends a thousand readings a second, and
    meanwhile a million that are two months old: one server after the other
    at 1 Hz (dense), or of all servers over all hours (scattered).

    Example: sentinela bench late --shape dense
    """
    late = _module("bench.late")
    shapes = late.SHAPES if shape == "both" else (shape,)
    if not set(shapes) <= set(late.SHAPES):
        raise CommandFailed(f"--shape is one of {', '.join(late.SHAPES)}, or both")
    late.run(late.Options(readings, servers, seconds, shapes, json_file))


@bench.command("soak")
@one_line_errors
def bench_soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 60.0,
    rate: Annotated[float, typer.Option(min=1, max=20_000, help="Readings a second, one a request.")] = 2000.0,
    servers: Annotated[int, typer.Option(min=20, max=2000, help="Servers that send them.")] = 200,
    sample_seconds: Annotated[float, typer.Option(min=1, help="How often a sample is taken.")] = 10.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write each sample to this file.")] = None,
) -> None:
    """Measure whether anything grows: steady readings with questions, sealing, alerts and a live stream.

    It starts a system of its own. The file is whole after each sample, so
    nothing is lost when it is interrupted.

    Example: sentinela bench soak --minutes 60 --json soak.json
    """
    soak = _module("bench.soak")
    soak.run(soak.Options(minutes, rate, servers, sample_seconds, json_file))


@bench.command("plots")
@one_line_errors
def bench_plots(
    folder: Annotated[Path, typer.Argument(help="Where soak.json, query.json and storage.json are, or some of them.")],
    output: Annotated[Path, typer.Option(help="The folder for the pictures.")] = Path("docs/images"),
) -> None:
    """Draw the pictures of docs/performance.md from the JSON of benches.

    Example: sentinela bench plots bench/results
    """
    for name in (folder, output):
        if not name.is_dir():
            raise CommandFailed(f"there is no folder {name}")
    written = _module("bench.plots").run(folder, output)
    if not written:
        raise CommandFailed(f"{folder} has no soak.json, query.json or storage.json")
    for picture in written:
        typer.echo(picture)


@bench.command("ui")
@one_line_errors
def bench_ui(
    rounds: Annotated[int, typer.Option(min=1, help="How often paints are measured.")] = 5,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long a live page is watched; the budget says 30.")] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure the dashboard in headless Chromium: weight, first paint, charts, smoothness, memory.

    Example: sentinela bench ui --minutes 30
    """
    ui = _module("bench.ui")
    ui.run(ui.Options(rounds, minutes, json_file))


def _module(name: str) -> Any:
    """A module of the folder `bench`, which lies beside the application in a checkout and nowhere else."""
    if not (PROJECT / "bench" / "__init__.py").exists():
        raise CommandFailed("`bench` needs a checkout of the project: git clone it and run ./sentinela there")
    if find_spec("psutil") is None:
        raise CommandFailed("`bench` needs what the tests need: run `./sentinela test --help` once")
    return import_module(name)
