"""`up`: everything on this machine, from one command."""

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import CLI_FILE
from app.cli.console import CommandFailed, one_line_errors, say_error, stdout
from app.core.settings import Settings, get_settings
from app.embedded import application, services
from app.embedded.errors import StartError
from app.embedded.folder import DataFolder, read_json, write_json
from app.embedded.ports import free_port, reachable_host, require_free
from app.embedded.supervisor import StopRequested, Supervisor

# Processes beside the API that hold a pool each: the worker, its two children, beat, watcher.
OTHER_PROCESSES = 5
# Connections of a process outside its pool: the group commit's, one while that is replaced, two of short queries, two
# for who may send.
BESIDE_THE_POOL = 6


@dataclass(frozen=True)
class Place:
    """Where the API listens and where people find it."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{reachable_host(self.host)}:{self.port}"


@one_line_errors
def up(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")] = 8000,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder for databases, secrets and logs.", show_default="DATA_DIR, or the user's data folder"
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve the API.")] = 1,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a user, six servers, a week of history, live data.")
    ] = False,
) -> None:
    """Start PostgreSQL, Valkey, the API, a worker and beat; Ctrl-C stops them all.

    `.env` and the environment are followed: with DATABASE_URL or REDIS_URL set, those are used in place of our own.

    Example: sentinela up --port 8080 --demo
    """
    # Everything below holds data or secrets; nobody else on the machine needs to read it.
    os.umask(0o077)
    if data_dir:
        os.environ["DATA_DIR"] = str(data_dir.expanduser().absolute())
    settings = get_settings()
    try:
        with DataFolder(settings.data_dir) as folder:
            require_free(host, port)
            _run(folder, settings, Place(host, port or free_port()), workers, demo=demo)
    except StartError as error:
        raise CommandFailed(str(error)) from error
    except StopRequested:
        say("stopped")


def say(line: str) -> None:
    """One line on stderr for the person at the terminal, who may have closed it."""
    with suppress(OSError):
        say_error(line)


def show(*lines: object) -> None:
    """Lines on stdout, likewise."""
    with suppress(OSError):
        stdout().print(*lines, sep="\n")
        sys.stdout.flush()


def _run(folder: DataFolder, settings: Settings, place: Place, workers: int, *, demo: bool) -> None:
    with Supervisor(say) as supervisor:
        show(f"starting in {escape(str(folder.path))}")
        # Counts of the processes of an earlier run; nothing of this one counts yet.
        shutil.rmtree(folder.path / "metrics", ignore_errors=True)
        connections = (workers + OTHER_PROCESSES) * (settings.database_pool_size + BESIDE_THE_POOL)
        found = services.start(supervisor, folder, settings, connections, _load_preparation)
        urls = {"database_url": found.database_url, "redis_url": found.redis_url}
        files = _password_files(settings, found)
        settings = settings.model_copy(update={"data_dir": folder.path, **urls, **files})
        _prepare_database(supervisor, folder, settings, place)
        env = application.environment(settings, own_database=found.own_database, own_redis=found.own_redis)
        api, *others = application.specs(folder.path, env, place.host, place.port, workers)
        supervisor.start(api)
        probe = application.ReadyProbe(reachable_host(place.host), place.port)
        supervisor.wait_for("the API", probe, application.READY_SECONDS)
        # After the API: on two cores each would slow the others' imports, and nobody waits for these.
        for spec in others:
            supervisor.start(spec)
        announce(folder, place)
        if demo and settings.registration == "off":
            say("--demo adds a user, which REGISTRATION=off forbids; going on without")
        elif demo:
            supervisor.start(application.module("demo", ["app.cli", "demo"], folder.path, env, stop_rank=0))
        try:
            supervisor.run()
        finally:
            say("stopping")


def _password_files(settings: Settings, found: services.Services) -> dict[str, Path | None]:
    """A password file belongs to a given URL; our own URLs carry their password."""
    return {
        "database_password_file": None if found.own_database else settings.database_password_file,
        "redis_password_file": None if found.own_redis else settings.redis_password_file,
    }


def _load_preparation() -> None:
    """Import what `_prepare_database` needs, about a second's work.

    Not at the top: these modules count into files of the data folder, which is known and writable only now.
    """
    import app.auth.firstrun
    import app.core.migrate  # noqa: F401


def _prepare_database(supervisor: Supervisor, folder: DataFolder, settings: Settings, place: Place) -> None:
    """Migrate, make the first administrator, say their password, and leave their key to the commands.

    Raises: StartError when the database cannot be used.
    """
    # Here for the reason given above.
    from app.auth.firstrun import create_admin, new_admin_key
    from app.core.migrate import DatabaseUnavailable, upgrade

    try:
        with supervisor.abortable():
            upgrade(settings)
    except DatabaseUnavailable as error:
        raise StartError(str(error)) from error
    admin = create_admin(settings)
    if admin:
        # At once: whatever fails from here on, the next start finds an administrator and has no password to show.
        show(f"Administrator: {admin.username}, password [bold]{admin.password}[/bold] (shown this once)")
    known = read_json(folder.path / CLI_FILE).get("key")
    key = admin.key if admin else known or new_admin_key(settings)
    if key:
        write_json(folder.path / CLI_FILE, {"url": place.url, "key": key})


def announce(folder: DataFolder, place: Place) -> None:
    """Print where everything is."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    rows = {
        "Page": f"{place.url}/ui/",
        "API": f"{place.url}/docs  {place.url}/redoc",
        "Metrics": f"{place.url}/metrics",
        "Data folder": str(folder.path),
        "Logs": f"here; PostgreSQL and Valkey in {folder.path / 'logs'}",
    }
    for name, value in rows.items():
        table.add_row(f"[bold]{name}[/bold]", escape(value))
    show("[green]Sentinela is running.[/green] Ctrl-C stops it.", table)
