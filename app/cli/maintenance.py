"""`seal` and `verify`: what an administrator does to storage by hand."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.backup import verify_backup
from app.cli.client import DataDir, open_api
from app.cli.console import CommandFailed, one_line_errors, print_json, print_table, say_error
from app.cli.watching import watch

Lag = Annotated[
    int | None,
    typer.Option(
        min=0, max=10_080, help="Seal hours that ended at least so many minutes ago.", show_default="SEAL_LAG_MINUTES"
    ),
]
Backup = Annotated[Path | None, typer.Argument(metavar="[BACKUP]", help="Check this backup instead.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@one_line_errors
def seal(lag_minutes: Lag = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Seal the hours of readings that are due, now.

    Sealing happens every minute by itself. This is for a backlog, after a
    restore, or before a backup. No answer changes by it.

    Example: sentinela seal --lag-minutes 0
    """
    parameters = {} if lag_minutes is None else {"lag_minutes": str(lag_minutes)}
    result = _run("/maintenance/seal", parameters, "Sealing", "sealing", data_dir)
    _print(result, ("readings", "segments", "failed"), as_json)
    if result["failed"]:
        say_error("some hours could not be sealed; the worker's log says why")
        raise typer.Exit(1)


@one_line_errors
def verify(backup: Backup = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Decode every segment, check its statistics, and repair those that drifted.

    Samples are looked at all the time by themselves. The exit code is 1 when
    a segment is damaged, which only a backup can mend. With a folder that
    `backup` has written, its files are checked in place of that.

    Example: sentinela verify --json
    """
    if backup:
        verify_backup(backup)
        return
    result = _run("/maintenance/verify", {}, "Verifying", "verification", data_dir)
    _print(result, ("segments", "readings", "repaired", "damaged"), as_json)
    if result["damaged"]:
        say_error("some segments are damaged; --json names their hours")
        raise typer.Exit(1)


def _run(path: str, parameters: dict[str, str], title: str, noun: str, data_dir: DataDir) -> dict[str, Any]:
    """The result of the job that this makes."""
    with open_api(data_dir) as api:
        job = api.request("POST", path, params=parameters)
        job = watch(api, str(job["job_id"]), title, noun)
    if job["state"] == "failed":
        raise CommandFailed(f"the {noun} failed: {job['error']}")
    if job["state"] == "cancelled":
        raise CommandFailed(f"somebody cancelled the {noun}; what was done before stays")
    result: dict[str, Any] = job["result"]
    return result


def _print(result: dict[str, Any], names: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        print_table([{name: f"{result[name]:,}" for name in names}], names)
