"""Deleting a server, a workspace, an account: out of sight at once, and out of the database soon after."""

import time
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.browser import signed_in
from tests.contract.calls import Row, bearer, log_in, moment, new_key, post, post_many, stamp, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

# A deletion waits some four seconds for ingest to forget the server; the rest is fivefold slack.
GONE_WITHIN = 60.0


def count(system: System, table: str, where: str, *values: Any) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}", values).fetchone()
    assert row
    return int(row[0])


def number_of(system: System, server: Server) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute("SELECT server_id FROM server WHERE server_ulid = %s", (server.ulid,)).fetchone()
    assert row
    return int(row[0])


def finished(client: httpx.Client, user: User, job: Row) -> Row:
    deadline = time.monotonic() + GONE_WITHIN
    while (state := client.get(f"/jobs/{job['job_id']}", headers=user.headers).json())["state"] != "done":
        assert time.monotonic() < deadline, state
        assert state["state"] in ("queued", "running"), state
        time.sleep(0.2)
    found: Row = state
    return found


def test_a_deleted_server_is_gone_with_its_keys_and_its_readings(
    client: httpx.Client, system: System, user: User, new_server: NewServer
) -> None:
    server, sibling = new_server(user), new_server(user)
    post_many(client, server, [{"timestamp": stamp(seconds=second), "temperature": second} for second in range(500)])
    post(client, server, temperature=1)
    post(client, sibling, temperature=2)
    number = number_of(system, server)
    answer = client.delete(f"/servers/{server.ulid}", headers=user.headers)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/jobs/{answer.json()['job_id']}"
    assert_problem(client.get(f"/servers/{server.ulid}", headers=user.headers), 404)
    assert server.ulid not in client.get("/servers", headers=user.headers).text
    assert_problem(client.get("/data", params={"server_ulid": server.ulid}, headers=user.headers), 404)
    job = finished(client, user, answer.json())
    assert (job["kind"], job["owner"]["name"]) == ("deletion", user.username)
    assert job["result"]["readings"] >= 501
    for table in (
        *("reading", "server_activity", "server_arrivals", "server_quantity", "server_history"),
        "credential",
    ):
        assert count(system, table, "server_id = %s", number) == 0, table
    assert_problem(
        client.post("/data", json={"server_ulid": server.ulid, "temperature": 1}, headers=server.headers), 401
    )
    assert client.get("/data", params={"server_ulid": sibling.ulid}, headers=user.headers).json()
    assert_problem(client.delete(f"/servers/{server.ulid}", headers=user.headers), 404)


def test_what_is_sent_while_a_server_goes_does_not_stay(
    client: httpx.Client, system: System, user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    number = number_of(system, server)
    post(client, server, temperature=1)
    job = client.delete(f"/servers/{server.ulid}", headers=user.headers).json()
    body, statuses = {"server_ulid": server.ulid, "temperature": 2}, set()
    while "refused" not in statuses:
        sent = client.post("/data", json=body, headers=server.headers)
        statuses.add("stored" if sent.status_code == 201 else "refused")
    finished(client, user, job)
    assert count(system, "reading", "server_id = %s", number) == 0
    assert count(system, "server_activity", "server_id = %s", number) == 0


# It waits out the deletion's pauses: 22 s.
@pytest.mark.long
def test_what_a_running_import_still_writes_goes_too(
    client: httpx.Client, system: System, newcomer: User, new_server: NewServer
) -> None:
    """An import remembers the servers that there were when it began; the deletion looks again after it."""
    server = new_server(newcomer)
    number = number_of(system, server)
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO job (job_ulid, workspace_id, kind, state, parameters, request_id, checkpoint, progress,"
            " heartbeat_at) SELECT %s, workspace_id, 'import', 'running', '{}', '', '{}', 0, now() + interval '1 day'"
            " FROM server WHERE server_id = %s",
            (running := unique("import"), number),
        )
        job = client.delete(f"/servers/{server.ulid}", headers=newcomer.headers).json()
        time.sleep(6)
        state = client.get(f"/jobs/{job['job_id']}", headers=newcomer.headers).json()
        assert state["state"] == "running"
        connection.execute("INSERT INTO reading (server_id, ts, temperature) VALUES (%s, now(), 1)", (number,))
        connection.execute("UPDATE job SET state = 'done' WHERE job_ulid = %s", (running,))
    finished(client, newcomer, job)
    assert count(system, "reading", "server_id = %s", number) == 0


def test_the_name_of_a_deleted_server_is_free(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    client.delete(f"/servers/{server.ulid}", headers=user.headers).raise_for_status()
    made = client.post("/servers", json={"server_name": server.name}, headers=user.headers)
    assert made.status_code == 201
    assert made.json()["server_ulid"] != server.ulid


def test_only_an_administrator_deletes_a_server(client: httpx.Client, user: User, server: Server) -> None:
    writer = bearer(new_key(client, user, scopes=["read", "write"])["key"])
    assert_problem(client.delete(f"/servers/{server.ulid}", headers=writer), 403)
    assert client.get(f"/servers/{server.ulid}", headers=user.headers).status_code == 200


def test_a_deleted_workspace_lets_nobody_in_and_leaves_nothing(
    client: httpx.Client, system: System, user: User
) -> None:
    workspace = client.post("/workspaces", json={"name": unique("gone")}, headers=user.headers).json()["workspace_ulid"]
    inside = {**user.headers, "Sentinela-Workspace": workspace}
    made = client.post("/servers", json={"server_name": "Dolly"}, headers=inside).json()
    server = Server(made["server_ulid"], "Dolly", made["device_key"], bearer(made["device_key"]))
    post(client, server, temperature=1)
    key = client.post("/keys", json={"name": "robot"}, headers=inside).json()["key"]
    number = number_of(system, server)
    assert client.delete(f"/workspaces/{workspace}", headers=user.headers).status_code == 202
    assert_problem(client.get("/servers", headers=inside), 404)
    assert_problem(client.get("/servers", headers=bearer(key)), 401)
    deadline = time.monotonic() + GONE_WITHIN
    while count(system, "workspace", "workspace_ulid = %s", workspace):
        assert time.monotonic() < deadline, "the workspace stays"
        time.sleep(0.2)
    assert count(system, "reading", "server_id = %s", number) == 0


def test_a_key_deletes_no_workspace(client: httpx.Client, user: User) -> None:
    (own, *_) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    key = bearer(new_key(client, user, scopes=["admin"])["key"])
    assert_problem(client.delete(f"/workspaces/{own['workspace_ulid']}", headers=key), 401)


def delete_me(client: httpx.Client, user: User, password: str) -> httpx.Response:
    return client.post("/auth/me/delete", json={"password": password}, headers=user.headers)


def test_a_deleted_account_leaves_nothing_of_the_person(
    client: httpx.Client, system: System, new_user: NewUser, new_server: NewServer, user: User
) -> None:
    person = new_user()
    client.patch("/auth/me", json={"email": f"{person.username}@example.com"}, headers=person.headers)
    server = new_server(person)
    post(client, server, temperature=1)
    number = number_of(system, server)
    shared = client.post("/workspaces", json={"name": unique("farm")}, headers=user.headers).json()["workspace_ulid"]
    token = client.post(f"/workspaces/{shared}/invitations", json={}, headers=user.headers).json()["token"]
    client.post("/invitations/accept", json={"token": token}, headers=person.headers).raise_for_status()
    assert_problem(delete_me(client, person, "not this one"), 401)
    assert delete_me(client, person, person.password).status_code == 204
    assert_problem(client.get("/auth/me", headers=person.headers), 401)
    assert_problem(log_in(client, person.username, person.password), 401)

    def remains() -> int:
        own = count(system, "workspace", "name = %s", person.username)
        return own + count(system, "reading", "server_id = %s", number)

    deadline = time.monotonic() + GONE_WITHIN
    while remains() > 0:
        assert time.monotonic() < deadline, "the data stay"
        time.sleep(0.2)
    inside = {**user.headers, "Sentinela-Workspace": shared}
    entries = client.get("/audit", params={"actor_id": person.id}, headers=inside).json()
    actions = [entry["action"] for entry in entries]
    assert actions == ["user.delete", "session.refuse", "member.join"], "what they did stays"
    assert {(entry["actor_name"], entry["address"]) for entry in entries} == {(None, None)}
    with psycopg.connect(system.database_url) as connection:
        for table in ("user_account", "membership", "login_session", "audit_log", "workspace", "job"):
            found = connection.execute(
                f"SELECT count(*) FROM {table} AS t WHERE position(%s IN t::text) > 0", (person.username,)
            ).fetchone()
            assert found == (0,), table


def test_the_last_administrator_of_others_hands_over_first(client: httpx.Client, new_user: NewUser, user: User) -> None:
    person = new_user()
    (own,) = client.get("/auth/me", headers=person.headers).json()["workspaces"]
    path = f"/workspaces/{own['workspace_ulid']}"
    token = client.post(f"{path}/invitations", json={}, headers=person.headers).json()["token"]
    client.post("/invitations/accept", json={"token": token}, headers=user.headers).raise_for_status()
    assert_problem(delete_me(client, person, person.password), 409)
    assert client.get("/auth/me", headers=person.headers).status_code == 200
    client.post(f"{path}/handover", json={"user_id": user.id}, headers=person.headers).raise_for_status()
    assert delete_me(client, person, person.password).status_code == 204
    members = client.get(f"{path}/members", headers=user.headers).json()
    assert [member["username"] for member in members] == [user.username]


def test_a_browser_that_deletes_its_account_forgets_its_cookie(system: System, new_user: NewUser) -> None:
    person = new_user()
    with signed_in(system, person) as browser:
        assert browser.post("/auth/me/delete", json={"password": person.password}).status_code == 204
        assert "sentinela_session" not in browser.cookies


def test_a_person_gets_all_that_is_known_of_them(client: httpx.Client, new_user: NewUser) -> None:
    person = new_user()
    key = new_key(client, person)
    answer = client.get("/auth/me/export", headers=person.headers)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    known = answer.json()
    assert known["account"]["username"] == person.username
    moment(known["account"]["created_at"])
    assert [row["role"] for row in known["workspaces"]] == ["admin"]
    assert [row["address"] for row in known["sessions"]] == ["127.0.0.1"]
    assert [row["key_id"] for row in known["keys"]] == [key["key_id"]]
    assert {"user.register", "session.open", "key.create"} <= {row["action"] for row in known["audit"]}
    for secret in (person.password, person.token, key["key"], "argon2"):
        assert secret not in answer.text


@pytest.fixture
def fleet(client: httpx.Client, newcomer: User) -> list[str]:
    """Servers with tags, in order of their names."""
    tags: list[dict[str, str]] = [{"site": "Lisboa", "rack": "A"}, {"site": "Lisboa"}, {"site": "São Paulo"}, {}]
    names = ["alpha-1", "alpha_2", "Beta 50%", "gamma"]
    for name, own in zip(names, tags, strict=True):
        body = {"server_name": name, "tags": own}
        client.post("/servers", json=body, headers=newcomer.headers).raise_for_status()
    return sorted(names)


def listed(client: httpx.Client, user: User, **wanted: Any) -> list[str]:
    answer = client.get("/servers", params=wanted, headers=user.headers)
    assert answer.status_code == 200, answer.text
    return [row["server_name"] for row in answer.json()]


@pytest.mark.usefixtures("fleet")
def test_servers_are_found_by_tags_and_words(client: httpx.Client, newcomer: User) -> None:
    assert listed(client, newcomer, tag="site:Lisboa") == ["alpha-1", "alpha_2"]
    assert listed(client, newcomer, tag=["site:Lisboa", "rack"]) == ["alpha-1"]
    assert listed(client, newcomer, tag="site:São Paulo") == ["Beta 50%"]
    assert listed(client, newcomer, tag="floor") == []
    assert listed(client, newcomer, search="ALPHA") == ["alpha-1", "alpha_2"]
    assert listed(client, newcomer, search="a_") == ["alpha_2"]
    assert listed(client, newcomer, search="50%") == ["Beta 50%"]
    assert listed(client, newcomer, search="alpha", tag="rack:A") == ["alpha-1"]
    for tag in ("1site", "a:", ":a", "site:\x00", "a b"):
        assert_refused(client.get("/servers", params={"tag": tag}, headers=newcomer.headers), "tag")


def test_servers_come_in_pages(client: httpx.Client, newcomer: User, fleet: list[str]) -> None:
    path, seen = "/servers?limit=1", []
    while path:
        answer = client.get(path, headers=newcomer.headers)
        seen += [row["server_name"] for row in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == fleet
