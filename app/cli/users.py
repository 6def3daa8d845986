"""`users`: who may log in, and new passwords for who forgot theirs."""

import sys
from typing import Annotated, Any

import typer

from app.cli.client import DataDir, open_api
from app.cli.console import CommandFailed, one_line_errors, print_json, print_table, printable

users = typer.Typer(no_args_is_help=True, help="Add and list the users who may log in; reset a password.")


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
        found = api.get_all("/users")
    if as_json:
        print_json(found)
    else:
        print_table(found, ("username", "email", "created_at", "id"))


@users.command("reset")
@one_line_errors
def reset_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose password is forgotten.")],
    as_link: Annotated[
        bool, typer.Option("--link", help="Print a link for the user to choose it, instead of asking for it.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from the first line of stdin.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Give a user a new password, and sign them out everywhere.

    The password is asked for twice and not shown; it has at least 8 characters.
    With --link the user chooses it: the link serves once, within an hour.

    Example: sentinela users reset maria --link
    """
    password = None if as_link else _password(password_stdin)
    with open_api(data_dir) as api:
        made = api.post("/users/reset", {"username": name})
        if password is None:
            link = made["link"] if "://" in made["link"] else api.connection.url + made["link"]
            print(printable(f"For {made['username']}, until {made['expires_at']}:"))
            print(printable(link))
            return
        api.post("/auth/reset/confirm", {"token": made["token"], "new_password": password})
    print(printable(f"The password of {made['username']} is changed; all their sessions have ended."))


@users.command("reset-totp")
@one_line_errors
def reset_second_factor(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who has lost their authenticator.")],
    data_dir: DataDir = None,
) -> None:
    """Let a user sign in without a code again, and sign them out everywhere.

    For whoever has lost both the device and the recovery codes. The password stays.

    Example: sentinela users reset-totp maria
    """
    with open_api(data_dir) as api:
        api.post("/users/totp/reset", {"username": name})
    print(printable(f"{name} signs in without a code; all their sessions have ended."))


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
