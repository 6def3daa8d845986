"""GET /audit: every change of people, keys, servers and settings, by whom and from where."""

from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, NewUser, User
from tests.contract.calls import Row, bearer, log_in, moment, new_key, unique
from tests.contract.problems import assert_problem, assert_refused


def entries(client: httpx.Client, user: User, **wanted: Any) -> list[Row]:
    answer = client.get("/audit", params=wanted, headers=user.headers)
    assert answer.status_code == 200, answer.text
    rows: list[Row] = answer.json()
    return rows


def actions(client: httpx.Client, user: User, **wanted: Any) -> list[str]:
    return [row["action"] for row in entries(client, user, **wanted)]


@pytest.fixture
def own(client: httpx.Client, newcomer: User) -> str:
    """The path of the newcomer's workspace."""
    (row,) = client.get("/auth/me", headers=newcomer.headers).json()["workspaces"]
    return f"/workspaces/{row['workspace_ulid']}"


def test_every_kind_of_change_is_recorded(
    client: httpx.Client, newcomer: User, own: str, new_user: NewUser, new_server: NewServer
) -> None:
    headers, guest = newcomer.headers, new_user()
    server = new_server(newcomer)
    client.patch(f"/servers/{server.ulid}", json={"server_name": unique("b")}, headers=headers)
    device = client.post(f"/servers/{server.ulid}/keys", headers=headers).json()
    client.delete(f"/servers/{server.ulid}/keys/{device['key_id']}", headers=headers)
    key = new_key(client, newcomer)
    client.delete(f"/keys/{key['key_id']}", headers=headers)
    client.patch(own, json={"retention_days": 7}, headers=headers)
    spare = client.post(f"{own}/invitations", json={}, headers=headers).json()
    client.delete(f"{own}/invitations/{spare['invitation_id']}", headers=headers)
    token = client.post(f"{own}/invitations", json={"role": "viewer"}, headers=headers).json()["token"]
    client.post("/invitations/accept", json={"token": token}, headers=guest.headers)
    client.patch(f"{own}/members/{guest.id}", json={"role": "operator"}, headers=headers)
    client.delete(f"{own}/members/{guest.id}", headers=headers)
    log_in(client, newcomer.username, "not this one")
    wanted = [
        "workspace.create", "user.register", "session.open", "server.create", "server.change", "device_key.create",
        "device_key.revoke", "key.create", "key.revoke", "workspace.change", "invitation.create",
        "invitation.withdraw", "invitation.create", "member.join", "member.change", "member.remove", "session.refuse",
    ]  # fmt: skip
    assert actions(client, newcomer)[::-1] == wanted


def test_an_entry_tells_who_what_and_from_where(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    server = new_server(newcomer)
    name, key = unique("renamed"), new_key(client, newcomer, scopes=["admin"], name="robot")
    headers = {**bearer(key["key"]), "X-Request-ID": "rename-7"}
    client.patch(f"/servers/{server.ulid}", json={"server_name": name}, headers=headers).raise_for_status()
    entry = entries(client, newcomer, action="server.change")[0]
    moment(entry["at"])
    assert (entry["actor_kind"], entry["actor_id"], entry["actor_name"]) == ("api_key", key["key_id"], "robot")
    assert (entry["target"], entry["address"], entry["request_id"]) == (server.ulid, "127.0.0.1", "rename-7")
    assert (entry["before"], entry["after"]) == ({"server_name": server.name}, {"server_name": name})


def test_the_record_is_filtered(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    first, second = new_server(newcomer), new_server(newcomer)
    client.patch(f"/servers/{first.ulid}", json={"tags": {"a": "b"}}, headers=newcomer.headers)
    assert actions(client, newcomer, target=first.ulid) == ["server.change", "server.create"]
    assert actions(client, newcomer, action="server.", target=second.ulid) == ["server.create"]
    assert set(actions(client, newcomer, action="server.")) == {"server.change", "server.create"}
    assert actions(client, newcomer, action="serv") == []
    assert actions(client, newcomer, actor_id=newcomer.id) == actions(client, newcomer)
    assert actions(client, newcomer, actor_id=first.ulid) == []
    changed = entries(client, newcomer, action="server.change")[0]["at"]
    assert actions(client, newcomer, start_time=changed) == ["server.change"]
    assert "server.change" not in actions(client, newcomer, end_time="2020-01-01T00:00:00")


def test_the_record_comes_in_pages_newest_first(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    for _ in range(4):
        new_server(newcomer)
    path, seen = "/audit?limit=3&action=server.create", []
    while path:
        answer = client.get(path, headers=newcomer.headers)
        assert len(answer.json()) <= 3
        seen += [row["audit_id"] for row in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert len(seen) == 4
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", 0), ("limit", 1001), ("cursor", "nonsense"), ("cursor", "WyJhIiwxXQ"), ("start_time", "soon"),
     ("action", "x" * 101)],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused_by_name(
    client: httpx.Client, user: User, name: str, value: object
) -> None:
    assert_refused(client.get("/audit", params={name: value}, headers=user.headers), name)


def test_another_workspace_does_not_see_it(
    client: httpx.Client, newcomer: User, stranger: User, new_server: NewServer
) -> None:
    server = new_server(newcomer)
    assert entries(client, stranger, target=server.ulid) == []


def test_only_an_administrator_sees_it(client: httpx.Client, user: User) -> None:
    for scope in ("read", "write"):
        key = new_key(client, user, scopes=[scope])["key"]
        assert_problem(client.get("/audit", headers=bearer(key)), 403)


def test_no_secret_is_recorded(client: httpx.Client, newcomer: User, new_server: NewServer) -> None:
    server, key = new_server(newcomer), new_key(client, newcomer)
    text = client.get("/audit", headers=newcomer.headers).text
    for secret in (server.device_key, key["key"], newcomer.password, newcomer.token):
        assert secret not in text
