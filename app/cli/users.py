"""`users`: who may log in."""

import sys
from typing import Annotated, Any

import typer

from app.cli.client import DataDir, open_api
from app.cli.console import CommandFailed, one_line_errors, print_json, print_table, printable

users = typer.Typer(no_args_is_help=True, help="Add and list the users who may log in.")


@users.command("add")
@one_line_errors
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to log in with.")],
    email: Annotated[str | None, typer.Option(help="An address for notifications.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Add a user, with a workspace of their own.

    The password is asked for twice and not shown; it has at least 8 characters.

    Example: sentinela users add maria --email maria@example.org
    """
    with open_api(data_dir) as api:
        body: dict[str, Any] = {"username": name, "password": _password(password_stdin)}
        if email is not None:
            body["email"] = email
        user = api.post("/auth/register", body)
    print(printable(f"User {user['username']} added, id {user['id']}."))


@users.command("list")
@one_line_errors
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List all users of this installation.

    Example: sentinela users list --json
    """
    with open_api(data_dir) as api:
        found = api.get("/users")
    if as_json:
        print_json(found)
    else:
        print_table(found, ("username", "email", "created_at", "id"))


def _password(from_stdin: bool) -> str:
    """From stdin's first line without its line end, or typed twice at the terminal."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandFailed("stdin holds no password")
        return password
    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask for the password: use --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
