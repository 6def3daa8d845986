"""The `sentinela` command: what it offers, and the configuration its commands share."""

from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv

from app import __version__
from app.cli.backup import backup, restore
from app.cli.bench import bench
from app.cli.bundle import bundle
from app.cli.cluster import cluster
from app.cli.console import CommandFailed, one_line_errors
from app.cli.demo import demo
from app.cli.dependencies import audit, sbom
from app.cli.exporter import export_readings
from app.cli.importer import import_file
from app.cli.keys import keys
from app.cli.maintenance import seal, verify
from app.cli.mqtt import mqtt
from app.cli.mqtt_keys import mqtt_keys
from app.cli.openapi import openapi
from app.cli.service import service
from app.cli.simulate import simulate
from app.cli.test import run_tests
from app.cli.up import up
from app.cli.users import users
from app.core.settings import PROJECT

app = typer.Typer(
    help="Sensor data of on-premise servers, taken in durably and answered exactly.",
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command()(up)
# Everything behind the command belongs to pytest, its own --help included.
app.command("test", context_settings={"ignore_unknown_options": True})(run_tests)
app.command()(simulate)
app.command("import")(import_file)
app.command("export")(export_readings)
app.command()(seal)
app.command()(verify)
app.command()(backup)
app.command()(restore)
app.command()(bundle)
app.add_typer(users, name="users")
app.add_typer(keys, name="keys")
app.add_typer(bench, name="bench")
app.add_typer(service, name="service")
app.add_typer(cluster, name="cluster")
app.command()(mqtt)
app.add_typer(mqtt_keys, name="mqtt-keys")
app.command()(openapi)
app.command()(sbom)
app.command()(audit)
app.command(hidden=True)(demo)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Follow `.env`, and print the help when no command is given."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
    # Tests start systems of their own, which must not depend on the configuration of this one.
    if context.invoked_subcommand != "test":
        load_environment_file()


@one_line_errors
def load_environment_file() -> None:
    """Put `.env` of the working directory, else of the project, into the environment, below what is set there.

    Children run in another directory, so the file cannot be left to them to find.
    """
    here = Path(".env")
    path = here if here.is_file() else PROJECT / ".env"
    try:
        load_dotenv(path)
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot read {path.absolute()}: {error}") from error
