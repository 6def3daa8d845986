"""`keys`: API keys for programs, and new device keys for servers."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from app.cli.client import Api, DataDir, open_api, parsed
from app.cli.console import CommandFailed, one_line_errors, print_json, print_table, printable

keys = typer.Typer(no_args_is_help=True, help="Add, list and revoke API keys; change a server's device key.")

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
# Ten years; more is "never", and said by leaving the option out.
LONGEST = timedelta(days=3660)


class Scope(StrEnum):
    """What a key may do; admin includes the others, write does not include read."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@keys.command("add")
@one_line_errors
def add_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; repeatable.", show_default="read and write")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long it is valid: 12h, 90d or 8w.", show_default="for ever"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make an API key. It is shown this once and stored only as a hash.

    Example: sentinela keys add grafana --scope read --expires 90d
    """
    body: dict[str, Any] = {"name": name}
    if scope:
        body["scopes"] = [item.value for item in scope]
    if expires is not None:
        body["expires_at"] = (datetime.now(UTC) + lifetime(expires)).isoformat()
    with open_api(data_dir) as api:
        key = api.post("/keys", body)
    if as_json:
        print_json(key)
        return
    print(printable(f"Key {key['key_id']} ({', '.join(key['scopes'])}), valid {_until(key['expires_at'])}:"))
    print(printable(key["key"]))
    print("Keep it now: it is not shown again.")


@keys.command("list")
@one_line_errors
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the workspace's API keys, without their secrets.

    Example: sentinela keys list
    """
    with open_api(data_dir) as api:
        found = api.get_all("/keys")
    if as_json:
        print_json(found)
    else:
        print_table(found, ("key_id", "name", "scopes", "prefix", "created_at", "expires_at", "last_used_at"))


@keys.command("revoke")
@one_line_errors
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke an API key: it stops working at once.

    Example: sentinela keys revoke 01JZ6Q0V4M8N3T5X7Y9A1B2C3D
    """
    if not key_id.isalnum():
        raise CommandFailed(f"{key_id!r} is not a key's id: `sentinela keys list` shows them")
    with open_api(data_dir) as api:
        api.request("DELETE", f"/keys/{key_id}")
    print(f"Key {key_id} is revoked.")


@keys.command("rotate")
@one_line_errors
def rotate_key(
    server: Annotated[str, typer.Argument(metavar="SERVER", help="The server's server_ulid or its name.")],
    overlap: Annotated[
        str, typer.Option(metavar="TIME", help="How long its old keys stay valid: 12h, 7d or 8w; 0 ends them now.")
    ] = "7d",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a new device key for a server, and let its old ones run out.

    It is shown this once. The device sends with its old key until it gets the
    new one, so give it the new one before the overlap is over.

    Example: sentinela keys rotate "Dolly #1" --overlap 2d
    """
    kept = timedelta() if overlap.strip() == "0" else lifetime(overlap, "--overlap")
    until = (datetime.now(UTC) + kept).isoformat()
    with open_api(data_dir) as api:
        key = api.post(f"/servers/{server_ulid_of(api, server)}/keys", {"old_keys_valid_until": until})
    if as_json:
        print_json(key)
        return
    print(printable(f"Key {key['key_id']}; the server's other keys are valid until {until} at the longest:"))
    print(printable(key["device_key"]))
    print("Keep it now: it is not shown again.")


def server_ulid_of(api: Api, server: str) -> str:
    """The server of this ULID, else of this name; raises CommandFailed without one."""
    if re.fullmatch(r"[0-9A-Za-z]{26}", server):
        answer = api.send("GET", f"/servers/{server}")
        if answer.status_code != 404:
            return str(parsed(answer, api.connection)["server_ulid"])
    found = api.get("/servers", name=server)
    if not found:
        raise CommandFailed(f"there is no server {server!r} in this workspace")
    return str(found[0]["server_ulid"])


def lifetime(text: str, option: str = "--expires") -> timedelta:
    """`12h`, `90d` or `8w` as a duration; raises CommandFailed for anything else, zero and over ten years."""
    match = re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip().lower())
    duration = int(match[1]) * UNITS[match[2]] if match else timedelta()
    if not timedelta() < duration <= LONGEST:
        raise CommandFailed(f"{option} {text!r}: give a number of hours, days or weeks, such as 12h, 90d or 8w")
    return duration


def _until(expires_at: str | None) -> str:
    return f"until {expires_at}" if expires_at else "until it is revoked"
