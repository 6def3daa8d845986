"""`import`: sends a file of readings, watches the job that stores it, and shows its receipt."""

from typing import Annotated, Any, Literal

import httpx
import typer

from app.cli.client import Api, DataDir, open_api
from app.cli.console import (
    one_line_errors,
    print_json,
    print_table,
    printable,
    say_error,
    stderr,
    stdout,
)
from app.cli.progress import upload_bar
from app.cli.source import Source, open_source
from app.cli.watching import watch

# The answer to an upload comes when the file is stored, which takes its time on a slow disk.
UPLOAD_ANSWER_SECONDS = 600.0
SHOWN_REJECTED = 10

QUANTITIES = ("temperature", "humidity", "voltage", "current")


File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="CSV, NDJSON, Parquet or an Arrow stream, plain, gzip or zstd; - is stdin."),
]
ServerColumn = Annotated[
    str, typer.Option(help="The column with each reading's server: a server_ulid or a server's name.")
]
TimestampColumn = Annotated[str, typer.Option(help="The column with the instant.")]
TemperatureColumn = Annotated[str, typer.Option(help="The column with °C.")]
HumidityColumn = Annotated[str, typer.Option(help="The column with % of humidity.")]
VoltageColumn = Annotated[str, typer.Option(help="The column with volts.")]
CurrentColumn = Annotated[str, typer.Option(help="The column with amperes.")]
OtherColumns = Annotated[
    Literal["ignore", "quantities"], typer.Option(help="What columns are that no option names: nothing, or quantities.")
]
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
    other_columns: OtherColumns = "ignore",
    create_servers: CreateServers = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Import readings from a file: CSV, NDJSON, Parquet or an Arrow stream.

    The first line of CSV names the columns. The file is sent as it is and
    stored by a job in the background; this command waits for it and prints
    the receipt. Importing the same file again changes nothing. The exit code
    is 1 when the job failed or every row was rejected.

    Example: sentinela import library.csv.gz --server-column node --create-servers
    """
    columns = (temperature_column, humidity_column, voltage_column, current_column)
    parameters = {"server_column": server_column, "timestamp_column": timestamp_column}
    parameters |= {f"{name}_column": column for name, column in zip(QUANTITIES, columns, strict=True)}
    parameters["other_columns"] = other_columns
    parameters["create_servers"] = "true" if create_servers else "false"
    with open_api(data_dir) as api, open_source(file) as source:
        job = _upload(api, source, parameters)
        stderr().print(f"Import {job['job_id']} is accepted.", markup=False)
        job = watch(api, str(job["job_id"]), "Storing", "import")
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
