"""`import`: sends a file of readings, watches the job that stores it, and shows its receipt."""

import time
from typing import Annotated, Any

import httpx
import typer

from app.cli.client import Api, DataDir, Unavailable, open_api
from app.cli.console import (
    CommandFailed,
    one_line_errors,
    print_json,
    print_table,
    printable,
    say_error,
    stderr,
    stdout,
)
from app.cli.progress import share_bar, upload_bar
from app.cli.source import Source, open_source

# Seconds between two looks at the job, and how long a restarting system may be away meanwhile.
LOOK_SECONDS, PATIENCE_SECONDS = 0.3, 60.0
# The answer to an upload comes when the file is stored, which takes its time on a slow disk.
UPLOAD_ANSWER_SECONDS = 600.0
SHOWN_REJECTED = 10

QUANTITIES = ("temperature", "humidity", "voltage", "current")


File = Annotated[str, typer.Argument(metavar="FILE", help="A CSV file, plain or gzip; - is stdin.")]
ServerColumn = Annotated[
    str, typer.Option(help="The column with each reading's server: a server_ulid or a server's name.")
]
TimestampColumn = Annotated[str, typer.Option(help="The column with the instant.")]
TemperatureColumn = Annotated[str, typer.Option(help="The column with °C.")]
HumidityColumn = Annotated[str, typer.Option(help="The column with % of humidity.")]
VoltageColumn = Annotated[str, typer.Option(help="The column with volts.")]
CurrentColumn = Annotated[str, typer.Option(help="The column with amperes.")]
CreateServers = Annotated[
    bool, typer.Option("--create-servers", help="Register servers that do not exist yet, by their name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")]


@one_line_errors
def import_file(
    file: File,
    server_column: ServerColumn = "server_ulid",
    timestamp_column: TimestampColumn = "timestamp",
    temperature_column: TemperatureColumn = "temperature",
    humidity_column: HumidityColumn = "humidity",
    voltage_column: VoltageColumn = "voltage",
    current_column: CurrentColumn = "current",
    create_servers: CreateServers = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Import readings from a CSV file.

    The first line names the columns. The file is sent as it is and stored by
    a job in the background; this command waits for it and prints the receipt.
    Importing the same file again changes nothing. The exit code is 1 when the
    job failed or every row was rejected.

    Example: sentinela import library.csv.gz --server-column node --create-servers
    """
    columns = (temperature_column, humidity_column, voltage_column, current_column)
    parameters = {"server_column": server_column, "timestamp_column": timestamp_column}
    parameters |= {f"{name}_column": column for name, column in zip(QUANTITIES, columns, strict=True)}
    parameters["create_servers"] = "true" if create_servers else "false"
    with open_api(data_dir) as api, open_source(file) as source:
        job = _upload(api, source, parameters)
        stderr().print(f"Import {job['job_id']} is accepted.", markup=False)
        job = _watch_or_leave(api, str(job["job_id"]))
    raise typer.Exit(_show(job, as_json))


def _upload(api: Api, source: Source, parameters: dict[str, str]) -> dict[str, Any]:
    """Send the file; the job that was made of it."""
    timeout = httpx.Timeout(60.0, read=UPLOAD_ANSWER_SECONDS)
    with upload_bar(source.name, source.size) as sent:
        job: dict[str, Any] = api.request(
            "POST",
            "/imports",
            params=parameters,
            content=source.chunks(sent),
            headers=source.headers(),
            timeout=timeout,
        )
    return job


def _watch_or_leave(api: Api, job_id: str) -> dict[str, Any]:
    """The ended job; Ctrl-C ends only the watching, and says so."""
    try:
        return _watch(api, job_id)
    except KeyboardInterrupt:
        raise CommandFailed(f"no longer watching; the import goes on, GET /jobs/{job_id} tells how far it is") from None


def _watch(api: Api, job_id: str) -> dict[str, Any]:
    """Wait for the job's end. The system may restart meanwhile: the job goes on, and so does this."""
    last_answer = time.monotonic()
    with share_bar("Storing") as progress:
        while True:
            try:
                job: dict[str, Any] = api.get(f"/jobs/{job_id}")
            except Unavailable as failure:
                if time.monotonic() - last_answer > PATIENCE_SECONDS:
                    raise CommandFailed(f"{failure}; the import {job_id} goes on without this command") from None
            else:
                last_answer = time.monotonic()
                progress(float(job["progress"]))
                if job["state"] in ("done", "failed", "cancelled"):
                    return job
            time.sleep(LOOK_SECONDS)


def _show(job: dict[str, Any], as_json: bool) -> int:
    """Print the receipt; the exit code."""
    receipt = job["result"]
    if as_json:
        print_json(receipt)
    elif receipt and receipt["rows"]:
        _print_receipt(receipt)
    if job["state"] == "failed":
        say_error(f"the import failed: {job['error']}")
        return 1
    if job["state"] == "cancelled":
        say_error("somebody cancelled the import; what is counted above stays")
        return 1
    if not receipt["rows"]:
        say_error("the file has no row below its first line")
    elif receipt["rejected_count"] == receipt["rows"]:
        say_error("every row was rejected")
    else:
        return 0
    return 1


def _print_receipt(receipt: dict[str, Any]) -> None:
    counts = ("rows", "accepted", "updated", "duplicates", "rejected_count")
    titles = ("rows", "accepted", "updated", "duplicates", "rejected")
    print_table([{title: f"{receipt[count]:,}" for title, count in zip(titles, counts, strict=True)}], titles)
    rejected = receipt["rejected"][:SHOWN_REJECTED]
    if rejected:
        stdout().print("\nRejected (row 1 is the first below the names of the columns):")
        # The API counts rows from 0, people from 1.
        rows = [{"row": item["index"] + 1, "reason": item["detail"]} for item in rejected]
        print_table(rows, ("row", "reason"))
    more = receipt["rejected_count"] - len(rejected)
    if rejected and more > 0:
        print(printable(f"… and {more:,} more"))
