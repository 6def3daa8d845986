"""`users`, `keys` and `openapi`, as a person at a terminal meets them."""

import json
import os
import pty
import re
import secrets
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import typer

from app.cli.console import CommandFailed
from app.cli.keys import keys, lifetime
from app.cli.users import users
from tests.cli.commands import Done, run_here
from tests.conftest import NewUser
from tests.contract.authenticator import turn_on
from tests.system import System, clean_environment

PASSWORD = "correct horse battery"
# A revocation counts within a second; five times that is late, not wrong.
REVOKED_WITHIN = 5.0


@pytest.fixture
def name() -> str:
    return f"user-{secrets.token_hex(4)}"


def run_as_admin(system: System, group: typer.Typer, *arguments: str, stdin: str = "") -> Done:
    return run_here(group, system.url, system.admin_key, *arguments, stdin=stdin)


def log_in(client: httpx.Client, name: str, password: str) -> int:
    body = {"username": name, "password": password}
    return client.post("/auth/login", json=body).status_code


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def make_server(client: httpx.Client, key: str, name: str = "Dolly #1") -> dict[str, str]:
    made: dict[str, str] = client.post("/servers", json={"server_name": name}, headers=bearer(key)).json()
    return made


def send(client: httpx.Client, server: dict[str, str], key: str) -> int:
    body = {"server_ulid": server["server_ulid"], "temperature": 20.5}
    return client.post("/data", json=body, headers=bearer(key)).status_code


def type_at_a_terminal(system: System, arguments: list[str], lines: list[str]) -> tuple[int, str]:
    """Run a command on a pseudo terminal, type each line when asked; the exit code and what the screen shows."""
    environment = clean_environment(SENTINELA_URL=system.url, SENTINELA_KEY=system.admin_key)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    screen, asked = "", 0
    while True:
        try:
            screen += os.read(controller, 4096).decode()
        except OSError:
            break
        if asked < len(lines) and screen.count(": ") > asked:
            os.write(controller, lines[asked].encode() + b"\n")
            asked += 1
    os.close(controller)
    return process.wait(timeout=20), screen


def test_an_added_user_can_log_in_and_is_listed(system: System, client: httpx.Client, name: str) -> None:
    arguments = ["add", name, "--email", f"{name}@example.org", "--password-stdin"]
    code, out, err = run_as_admin(system, users, *arguments, stdin=PASSWORD + "\n")
    assert (code, err) == (0, "")
    assert re.fullmatch(rf"User {name} added, id [0-9A-Z]+\.\n", out)
    assert log_in(client, name, PASSWORD) == 200
    listed = json.loads(run_as_admin(system, users, "list", "--json")[1])
    [user] = [item for item in listed if item["username"] == name]
    assert user["email"] == f"{name}@example.org"
    assert f"{name}@example.org" in run_as_admin(system, users, "list")[1]


def test_a_typed_password_is_asked_twice_and_never_shown(system: System, client: httpx.Client, name: str) -> None:
    code, screen = type_at_a_terminal(system, ["users", "add", name], [PASSWORD, PASSWORD])
    assert code == 0, screen
    assert PASSWORD not in screen
    assert log_in(client, name, PASSWORD) == 200


def test_without_a_terminal_the_password_option_is_named(system: System, name: str) -> None:
    code, out, err = run_as_admin(system, users, "add", name)
    assert (code, out) == (1, "")
    assert err == "sentinela: there is no terminal to ask for the password: use --password-stdin\n"


def test_a_taken_name_and_a_short_password_are_one_line_each(system: System, name: str) -> None:
    arguments = ["add", name, "--password-stdin"]
    code, _, err = run_as_admin(system, users, *arguments, stdin="short\n")
    assert code == 1
    assert re.fullmatch(r"sentinela: .*password.*\n", err)
    assert "short\n" not in err
    assert run_as_admin(system, users, *arguments, stdin=PASSWORD)[0] == 0
    code, _, err = run_as_admin(system, users, *arguments, stdin=PASSWORD)
    assert code == 1
    assert re.fullmatch(r"sentinela: .+\n", err)


def test_an_ordinary_key_may_not_list_the_users(system: System, key: str) -> None:
    code, out, err = run_here(users, system.url, key, "list")
    assert (code, out) == (1, "")
    assert re.fullmatch(r"sentinela: .+\n", err)


def test_a_new_key_works_within_its_scope_until_it_is_revoked(system: System, client: httpx.Client, key: str) -> None:
    options = ["add", "grafana", "--scope", "read", "--expires", "90d"]
    code, out, err = run_here(keys, system.url, key, *options)
    assert (code, err) == (0, "")
    heading, secret, _ = out.splitlines()
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/data", headers=headers).status_code == 200
    server = {"server_name": "not allowed"}
    assert client.post("/servers", headers=headers, json=server).status_code == 403
    key_id = heading.split()[1]
    assert run_here(keys, system.url, key, "revoke", key_id)[1] == f"Key {key_id} is revoked.\n"
    assert run_here(keys, system.url, secret, "list")[0] == 1
    deadline = time.monotonic() + REVOKED_WITHIN
    while client.get("/data", headers=headers).status_code != 401:
        assert time.monotonic() < deadline, "the key still opens"
        time.sleep(0.05)


def test_a_keys_expiry_and_scopes_are_as_asked(system: System, key: str) -> None:
    options = ["add", "line 3", "--scope", "read", "--scope", "write", "--expires", "12h", "--json"]
    code, out, err = run_here(keys, system.url, key, *options)
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert sorted(made["scopes"]) == ["read", "write"]
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)


def test_the_list_of_keys_shows_no_secret(system: System, key: str) -> None:
    secret = json.loads(run_here(keys, system.url, key, "add", "hidden", "--json")[1])["key"]
    for arguments in (["list"], ["list", "--json"]):
        code, out, err = run_here(keys, system.url, key, *arguments)
        assert (code, err) == (0, "")
        assert "hidden" in out
        assert secret not in out


def test_revoking_an_unknown_key_is_one_line(system: System, key: str) -> None:
    for key_id in ("01JZ6Q0V4M8N3T5X7Y9A1B2C3D", "../servers"):
        code, out, err = run_here(keys, system.url, key, "revoke", key_id)
        assert (code, out) == (1, "")
        assert re.fullmatch(r"sentinela: .+\n", err)


@pytest.mark.parametrize("named", ["server_ulid", "server_name"])
def test_a_rotated_server_sends_with_either_key_until_the_overlap_is_over(
    system: System, client: httpx.Client, key: str, named: str
) -> None:
    server = make_server(client, key)
    code, out, err = run_here(keys, system.url, key, "rotate", server[named], "--overlap", "2d")
    assert (code, err) == (0, "")
    _, secret, _ = out.splitlines()
    assert secret.startswith("snt_d_")
    for sent_with in (secret, server["device_key"]):
        assert send(client, server, sent_with) == 201
    old, new = client.get(f"/servers/{server['server_ulid']}/keys", headers=bearer(key)).json()
    left = datetime.fromisoformat(old["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=1, hours=23) < left <= timedelta(days=2)
    assert new["expires_at"] is None


def test_without_an_overlap_the_old_key_ends_now(system: System, client: httpx.Client, key: str) -> None:
    server = make_server(client, key)
    arguments = ["rotate", server["server_name"], "--overlap", "0", "--json"]
    made = json.loads(run_here(keys, system.url, key, *arguments)[1])
    assert send(client, server, server["device_key"]) == 401
    assert send(client, server, made["device_key"]) == 201


def test_a_server_that_is_called_like_a_ulid_is_found_by_its_name(
    system: System, client: httpx.Client, key: str
) -> None:
    server = make_server(client, key, "0" * 26)
    made = json.loads(run_here(keys, system.url, key, "rotate", "0" * 26, "--json")[1])
    assert send(client, server, made["device_key"]) == 201


def test_rotating_an_unknown_server_or_by_a_strange_overlap_is_one_line(
    system: System, client: httpx.Client, key: str
) -> None:
    server = make_server(client, key)["server_name"]
    for arguments in (["nobody"], ["0" * 26], [server, "--overlap", "soon"], [server, "--overlap", "0d"]):
        code, out, err = run_here(keys, system.url, key, "rotate", *arguments)
        assert (code, out) == (1, "")
        assert re.fullmatch(r"sentinela: .+\n", err)
        assert ("--overlap" in err) == ("--overlap" in arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12h", timedelta(hours=12)), ("90d", timedelta(days=90)), (" 8W ", timedelta(weeks=8))],
)
def test_a_lifetime_is_hours_days_or_weeks(text: str, expected: timedelta) -> None:
    assert lifetime(text) == expected


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5d", "99999w", "3 months", "٣d"])
def test_any_other_lifetime_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="12h, 90d or 8w"):
        lifetime(text)


def test_a_forgotten_password_is_reset(system: System, client: httpx.Client, name: str) -> None:
    run_as_admin(system, users, "add", name, "--password-stdin", stdin=f"{PASSWORD}\n")
    done = run_as_admin(system, users, "reset", name, "--password-stdin", stdin="another good one\n")
    assert done.code == 0, done.err
    assert "another good one" not in done.out + done.err
    assert log_in(client, name, "another good one") == 200
    assert log_in(client, name, PASSWORD) == 401


def test_a_reset_may_be_a_link_for_the_user(system: System, client: httpx.Client, name: str) -> None:
    run_as_admin(system, users, "add", name, "--password-stdin", stdin=f"{PASSWORD}\n")
    done = run_as_admin(system, users, "reset", name, "--link")
    link = done.out.split()[-1]
    assert link.startswith(f"{system.url}/ui/reset#snt_p_")
    body = {"token": link.split("#")[1], "new_password": "another good one"}
    assert client.post("/auth/reset/confirm", json=body).status_code == 204
    assert log_in(client, name, "another good one") == 200


def test_who_lost_the_authenticator_signs_in_without_it(
    system: System, client: httpx.Client, new_user: NewUser
) -> None:
    user = new_user()
    turn_on(client, user)
    assert log_in(client, user.username, user.password) == 401
    done = run_as_admin(system, users, "reset-totp", user.username)
    assert "signs in without a code" in done.out
    assert log_in(client, user.username, user.password) == 200
    again = run_as_admin(system, users, "reset-totp", user.username)
    assert again.code != 0
    assert "takes no code" in again.err


def test_nobody_is_reset_who_does_not_exist(system: System) -> None:
    done = run_as_admin(system, users, "reset", "nobody-at-all", "--link")
    assert done.code != 0
    assert "nobody-at-all" in done.err
    assert "Traceback" not in done.err
