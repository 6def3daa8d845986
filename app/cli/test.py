"""`test`: the project's tests, in the environment they are installed in."""

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from app.cli.console import CommandFailed, one_line_errors
from app.core.settings import PROJECT


@one_line_errors
def run_tests(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PYTEST ARGUMENTS]...", help="Handed to pytest as they are."),
    ] = None,
    long: Annotated[bool, typer.Option("--long", help="Run the full counts: minutes instead of seconds.")] = False,
) -> None:
    """Run the tests; they start the databases they need.

    Example: sentinela test tests/contract -k login
    """
    if find_spec("pytest") is None:
        raise CommandFailed("pytest is not installed here; `./sentinela test` installs what the tests need")
    env = os.environ | ({"SENTINELA_TEST_LONG": "1"} if long else {})
    command = [sys.executable, "-m", "pytest", *(arguments or [])]
    raise typer.Exit(subprocess.run(command, cwd=PROJECT, env=env, check=False).returncode)  # noqa: S603
