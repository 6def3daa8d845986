"""`cluster`: a database of several machines, by Citus."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from sqlalchemy import make_url

from app.cli.console import CommandFailed, one_line_errors, print_json, print_table, stderr
from app.cluster import distributing, inspecting
from app.cluster.errors import ClusterFailed
from app.core.database_address import CONNECT_TIMEOUT_SECONDS, configured_url
from app.core.settings import get_settings
from app.embedded.folder import RUN_FILE, read_json

cluster = typer.Typer(no_args_is_help=True, help="Spread the readings over several machines, by Citus.")

TRIAL = (
    "the application runs on distributed tables, but without row-level security on them, and nobody has run it there "
    "for long (docs/scaling.md), so nothing was changed; --trial distributes"
)

DataDir = Annotated[
    Path | None,
    typer.Option(help="Without DATABASE_URL: the data folder of a running `up`.", show_default="DATA_DIR"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@cluster.command("distribute")
@one_line_errors
def distribute(
    shards: Annotated[int, typer.Option(min=1, max=1024, help="Pieces of each table; cannot be fewer later.")] = 32,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements and change nothing.")] = False,
    trial: Annotated[bool, typer.Option("--trial", help="I know what docs/scaling.md says was not tried.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Distribute the tables that grow with readings by server.

    The application runs on distributed tables. What is lost there, what it
    costs and what was not tried: docs/scaling.md.

    DATABASE_URL names the coordinator. Stop the API, workers, beat and watcher
    before, and start them after it: rows move while it runs, and each table's
    writers wait. It can be repeated: what is distributed already stays as it is.

    Example: sentinela cluster distribute --dry-run
    """
    with _connection(data_dir) as connection:
        if dry_run:
            _print_plan(connection, shards)
            return
        if not trial:
            distributing.prepare(connection, shards)
            raise CommandFailed(TRIAL)
        names = distributing.distribute(connection, shards, _tell)
    stderr().print(f"{len(names)} tables distributed" if names else "nothing to do: all tables are distributed")


@cluster.command("status")
@one_line_errors
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show the nodes, and which tables are distributed.

    The exit code is 1 while a table that grows with readings stands on one
    machine although the database has Citus.

    Example: sentinela cluster status --json
    """
    with _connection(data_dir) as connection:
        facts = _facts(connection)
    if as_json:
        print_json(facts)
    else:
        _print_facts(facts)
    if facts["citus"] and any(table["shards"] is None for table in facts["tables"]):
        raise typer.Exit(1)


@contextmanager
def _connection(data_dir: Path | None) -> Iterator[inspecting.Connection]:
    settings = get_settings()
    given = settings.database_url and configured_url(settings)
    own = read_json((data_dir or settings.data_dir).expanduser() / RUN_FILE).get("database_url")
    if not (given or own):
        raise CommandFailed("DATABASE_URL is not set, and no `up` runs on this data folder")
    url = make_url(str(given or own)).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            yield connection
    except ClusterFailed as failure:
        raise CommandFailed(str(failure)) from None
    except psycopg.Error as error:
        raise CommandFailed(f"the database does not do it: {error}") from None


def _print_plan(connection: inspecting.Connection, shards: int) -> None:
    has_citus = inspecting.version(connection) is not None
    placed = inspecting.placed(connection) if has_citus else {}
    for _, statements in distributing.plan(inspecting.growing_tables(connection), placed, shards):
        print("BEGIN;", *(f"{statement};" for statement in statements), "COMMIT;", sep="\n")
    for line in inspecting.obstacles(connection):
        stderr().print(f"in the way: {line}", markup=False)
    if not has_citus:
        stderr().print("this database has no citus extension; these are the statements for one that has")


def _tell(name: str, share: float) -> None:
    stderr().print(f"{share:4.0%} {name}", markup=False)


def _facts(connection: inspecting.Connection) -> dict[str, Any]:
    citus = inspecting.version(connection)
    placed = inspecting.placed(connection) if citus else {}
    nodes = inspecting.nodes(connection) if citus else []
    return {
        "citus": citus,
        "nodes": [
            {"host": node.name, "port": node.port, "coordinator": node.coordinates, "shards": node.holds}
            for node in nodes
        ],
        "tables": [
            {
                "table": table.name,
                "shards": placed[table.name].count if table.name in placed else None,
                "group": placed[table.name].group if table.name in placed else None,
            }
            for table in inspecting.growing_tables(connection)
        ],
        "obstacles": inspecting.obstacles(connection),
    }


def _print_facts(facts: dict[str, Any]) -> None:
    print(f"citus {facts['citus']}" if facts["citus"] else "no citus: one machine holds every table")
    if facts["nodes"]:
        print_table(facts["nodes"], ("host", "port", "coordinator", "shards"))
    print_table(facts["tables"], ("table", "shards", "group"))
    for line in facts["obstacles"]:
        print(f"in the way: {line}")
