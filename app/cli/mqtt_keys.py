"""`mqtt-keys`: device keys as passwords at Mosquitto, in the file that it reads."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.client import Api, DataDir, open_api, parsed
from app.cli.console import CommandFailed, one_line_errors, print_json, printable
from app.cli.keys import server_ulid_of
from app.compat.passwords import PasswordFile

mqtt_keys = typer.Typer(no_args_is_help=True, help="Let devices in at Mosquitto, with their device keys as passwords.")

File = Annotated[
    Path,
    typer.Option("--file", envvar="MQTT_USERS_FILE", help="Mosquitto's password_file; it reads it again on SIGHUP."),
]
Server = Annotated[str, typer.Argument(metavar="SERVER", help="The server's server_ulid or its name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@mqtt_keys.command("add")
@one_line_errors
def add_device(
    server: Server,
    file: File,
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Take a device key that it has, from standard input; else it gets one.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Let a server in at the broker: its server_ulid is the user, a device key the password.

    Sentinela stores hashes of keys alone, so a key gets into the file when it is
    made, or when you give it. Another key of the server lets it in no more
    there; over HTTP it stays as it is.

    Example: sentinela mqtt-keys add "Dolly #1" --file /etc/mosquitto/passwords
    """
    with open_api(data_dir) as api:
        ulid = server_ulid_of(api, server)
        made = _given_key(api, ulid) if key_stdin else api.post(f"/servers/{ulid}/keys", {"name": "MQTT"})
    passwords = _open(file)
    passwords.put(ulid, made["key_id"], made["device_key"])
    _save(passwords, file)
    if as_json:
        print_json({"username": ulid, "password": made["device_key"], "key_id": made["key_id"]})
        return
    print(printable(f"User {ulid}, with device key {made['key_id']} as the password:"))
    if not key_stdin:
        print(printable(made["device_key"]))
        print("Keep it now: it is not shown again.")


@mqtt_keys.command("remove")
@one_line_errors
def remove_device(server: Server, file: File, data_dir: DataDir = None) -> None:
    """End a server's key at the broker, and at Sentinela.

    Example: sentinela mqtt-keys remove "Dolly #1" --file /etc/mosquitto/passwords
    """
    passwords = _open(file)
    with open_api(data_dir) as api:
        ulid = server_ulid_of(api, server)
        key_id = passwords.devices().get(ulid)
        if key_id is None:
            raise CommandFailed(f"{file} lets no server {ulid} in")
        # 404: a first try ended here, or the key was revoked elsewhere.
        answer = api.send("DELETE", f"/servers/{ulid}/keys/{key_id}")
        if answer.status_code != 404:
            parsed(answer, api.connection)
    passwords.drop(ulid)
    _save(passwords, file)
    print(f"Key {key_id} is revoked, and lets {ulid} in no more.")


@mqtt_keys.command("sync")
@one_line_errors
def sync_devices(file: File, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Take out of the file whose key was revoked or has ended.

    Run it now and then, and after revoking a key elsewhere: the broker itself
    asks nobody.

    Example: sentinela mqtt-keys sync --file /etc/mosquitto/passwords
    """
    passwords = _open(file)
    devices = passwords.devices()
    with open_api(data_dir) as api:
        ended = [ulid for ulid, key_id in devices.items() if key_id not in _valid_keys(api, ulid)]
    for ulid in ended:
        passwords.drop(ulid)
    if ended:
        _save(passwords, file)
    if as_json:
        print_json({"devices": len(devices) - len(ended), "removed": ended})
        return
    print(f"{len(devices) - len(ended)} devices are let in; removed: {', '.join(ended) or 'none'}.")


def _given_key(api: Api, ulid: str) -> dict[str, Any]:
    """The key on standard input, when it is one of the server's."""
    key = sys.stdin.readline().strip()
    known = parsed(api.send("GET", f"/servers/{ulid}/keys"), api.connection)
    found = [each for each in known if key.startswith(each["prefix"])]
    response = api.client.post("/data", json=[], headers={"Authorization": f"Bearer {key}"}) if found else None
    if response is None or not response.is_success:
        raise CommandFailed(f"what came on standard input is no device key of {ulid}")
    return {"key_id": found[0]["key_id"], "device_key": key}


def _valid_keys(api: Api, ulid: str) -> set[str]:
    """Ids of a server's keys; none of a server that is gone."""
    answer = api.send("GET", f"/servers/{ulid}/keys")
    if answer.status_code == 404:
        return set()
    return {str(each["key_id"]) for each in parsed(answer, api.connection)}


def _open(file: Path) -> PasswordFile:
    try:
        return PasswordFile(file)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"cannot read {file}: {getattr(error, 'strerror', error)}") from None


def _save(passwords: PasswordFile, file: Path) -> None:
    try:
        passwords.save()
    except OSError as error:
        raise CommandFailed(f"cannot write {file}: {error.strerror}") from None
