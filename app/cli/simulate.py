"""`simulate`: servers that send plausible readings at a steady rate until they are told to stop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from app.cli.client import Api, DataDir, open_api, parsed
from app.cli.console import CommandFailed, one_line_errors, say_error
from app.cli.curves import Plant
from app.cli.delivery import Tally
from app.cli.progress import Line, live_line
from app.cli.simulation import Plan, run_until_done

# A receipt lists its first 1,000 rejected readings; up to there the fate of each one is known.
MOST_IN_BATCH = 1_000


Count = Annotated[int, typer.Option(min=1, max=10_000, help="How many servers send.")]
Rate = Annotated[float, typer.Option(min=0.001, max=1_000, help="Readings a second, of each server.")]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="How long to run.", show_default="until Ctrl-C")]
Seed = Annotated[int, typer.Option(help="The same seed draws the same curves.")]
Batch = Annotated[
    int, typer.Option(min=1, max=MOST_IN_BATCH, help="Most readings in one request; 1 sends each on its own.")
]
Gaps = Annotated[bool, typer.Option(help="Lose a reading now and then.")]
Outages = Annotated[bool, typer.Option(help="Let servers fall silent for minutes.")]
Ledger = Annotated[Path | None, typer.Option(help="Append each acknowledged reading to this file, as a line of JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only the summary at the end.")]


@one_line_errors
def simulate(
    servers: Count = 6,
    rate: Rate = 1.0,
    seconds: Seconds = None,
    seed: Seed = 1,
    batch: Batch = 1,
    gaps: Gaps = True,
    outages: Outages = True,
    ledger: Ledger = None,
    quiet: Quiet = False,
    data_dir: DataDir = None,
) -> None:
    """Simulate servers that send plausible readings.

    Temperature, humidity, voltage and current follow the hours of the day,
    with noise, gaps and outages. The servers are called sim-01, sim-02 and so
    on; missing ones are registered. A reading is sent again until it is
    acknowledged, and counts once. Above some hundred readings a second in all,
    give a --batch.

    Example: sentinela simulate --servers 20 --rate 5 --seconds 60
    """
    with live_line(quiet=quiet) as line, _open_ledger(ledger) as file:
        with open_api(data_dir) as api:
            ulids = _register_servers(api, servers, line)
        plants = [Plant(seed, number) for number in range(1, servers + 1)]
        plan = Plan(ulids, plants, rate, seconds, batch, gaps, outages)
        tally, took = asyncio.run(run_until_done(plan, api.connection, file, line))
    print(summary(servers, tally, took))
    if tally.failed:
        say_error(f"{tally.failed:,} readings failed; the first: {tally.first_refusal}")
        raise typer.Exit(1)


def _register_servers(api: Api, count: int, line: Line) -> list[str]:
    ulids = []
    for number in range(1, count + 1):
        # Every hundredth is news enough: one takes some milliseconds.
        if number % 100 == 0:
            line.show(f"{number:,} of {count:,} servers found or registered")
        ulids.append(_find_or_register(api, f"sim-{number:02d}"))
    return ulids


def _find_or_register(api: Api, name: str) -> str:
    """The ULID of the server called `name`; two simulations that start together agree on one server."""
    found: list[dict[str, Any]] = api.get("/servers", name=name)
    if not found:
        response = api.send("POST", "/servers", json={"server_name": name})
        taken = response.status_code == 409
        found = api.get("/servers", name=name) if taken else [parsed(response, api.connection)]
    return str(found[0]["server_ulid"])


@contextmanager
def _open_ledger(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"cannot write the ledger {path}: {error.strerror}") from None
    with file:
        yield file


def summary(servers: int, tally: Tally, took: float) -> str:
    """What happened, in one line; what did not happen is not mentioned."""
    speed = tally.acknowledged / took if took else 0.0
    parts = [
        f"{tally.acknowledged:,} readings of {servers:,} servers acknowledged in {took:,.1f} s"
        f" ({speed:,.1f} readings/s)"
    ]
    parts += [
        f"{count:,} {meaning}"
        for count, meaning in (
            (tally.retried, "posts retried"),
            (tally.failed, "failed"),
            (tally.left_out, "left out (gaps and outages)"),
            (tally.skipped, "skipped (fell too far behind)"),
            (tally.unsettled, "unanswered when stopped"),
        )
        if count
    ]
    return ", ".join(parts)
