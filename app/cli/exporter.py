"""`export`: has a job write readings into a file, and fetches it."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import typer

from app.cli.client import Api, DataDir, open_api, parsed, unreachable
from app.cli.console import CommandFailed, one_line_errors, stderr
from app.cli.progress import download_bar
from app.cli.watching import watch

CHUNK_BYTES = 256 * 1024
Format = Literal["csv", "parquet", "arrow", "ndjson", "json"]
FORMATS: dict[str, Format] = {
    ".csv": "csv", ".parquet": "parquet", ".arrow": "arrow", ".ndjson": "ndjson", ".json": "json",
}  # fmt: skip

File = Annotated[str, typer.Argument(metavar="FILE", help="Where to write; its ending chooses the form. - is stdout.")]
Form = Annotated[Format | None, typer.Option("--format", help="The form, when the ending does not say it.")]
Servers = Annotated[list[str], typer.Option("--server", help="Only this server, by name or ULID; repeat for several.")]
Sensors = Annotated[list[str], typer.Option("--sensor", help="Only this quantity; repeat for several.")]
Start = Annotated[str | None, typer.Option("--from", help="Not before this instant, ISO 8601.")]
End = Annotated[str | None, typer.Option("--to", help="Not after this instant, ISO 8601.")]
Aggregation = Annotated[str | None, typer.Option(help="One row for each minute, 5m, hour, day, 1mo and so on.")]
Functions = Annotated[list[str], typer.Option("--function", help="mean, max, p95 and so on; repeat for several.")]


@one_line_errors
def export_readings(
    file: File,
    form: Form = None,
    server: Servers = [],  # noqa: B006 (typer makes a new list each time)
    sensor: Sensors = [],  # noqa: B006
    start: Start = None,
    end: End = None,
    aggregation: Aggregation = None,
    function: Functions = [],  # noqa: B006
    data_dir: DataDir = None,
) -> None:
    """Write readings, or what is computed of them, into a file.

    A job in the background writes the file; this command waits for it and
    fetches it. An interrupted download leaves nothing behind.

    Example: sentinela export january.parquet --from 2026-01-01T00:00:00 --to 2026-01-31T23:59:59
    """
    chosen = form or FORMATS.get(Path(file).suffix.lower())
    if chosen is None:
        raise CommandFailed(f"say --format, or let the file end in one of {', '.join(FORMATS)}")
    wishes = {"format": chosen, "sensor_type": sensor, "function": function, "aggregation": aggregation}
    with open_api(data_dir) as api:
        wishes |= {"start_time": start, "end_time": end, "server_ulid": [_ulid(api, text) for text in server]}
        job = api.post("/exports", {name: wish for name, wish in wishes.items() if wish})
        stderr().print(f"Export {job['job_id']} is accepted.", markup=False)
        job = watch(api, str(job["job_id"]), "Writing", "export")
        if job["state"] == "failed":
            raise CommandFailed(f"the export failed: {job['error']}")
        if job["state"] == "cancelled":
            raise CommandFailed("somebody cancelled the export")
        _fetch(api, job["result"], file)
    stderr().print(f"{job['result']['rows']:,} rows, {job['result']['bytes']:,} bytes.", markup=False)


def _ulid(api: Api, text: str) -> str:
    """The ULID of the server of this name; any other text is taken for a ULID."""
    found: list[dict[str, Any]] = api.get("/servers", name=text)
    return str(found[0]["server_ulid"]) if found else text


def _fetch(api: Api, result: dict[str, Any], file: str) -> None:
    if file == "-":
        _download(api, result, sys.stdout.buffer.write, "the file")
        sys.stdout.buffer.flush()
        return
    part = Path(f"{file}.part")
    try:
        with part.open("wb") as target:
            _download(api, result, target.write, file)
        part.replace(file)
    except OSError as error:
        raise CommandFailed(f"cannot write {file}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _download(api: Api, result: dict[str, Any], write: Any, name: str) -> None:
    try:
        with api.client.stream("GET", result["file"]) as response, download_bar(name, result["bytes"]) as received:
            if not response.is_success:
                response.read()
                parsed(response, api.connection)
            for piece in response.iter_bytes(CHUNK_BYTES):
                write(piece)
                received(len(piece))
    except httpx.RequestError as error:
        raise CommandFailed(unreachable(error, api.connection)) from None
