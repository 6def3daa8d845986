"""Nobody reaches another workspace: its things are not found, whoever asks and however."""

from collections.abc import Callable

import httpx
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import bearer, column, new_key, post, readings, readings_of, stamp
from tests.contract.problems import assert_problem

OPERATIONS: dict[str, Callable[[str], tuple[str, str, object]]] = {
    "show": lambda ulid: ("GET", f"/servers/{ulid}", None),
    "change": lambda ulid: ("PATCH", f"/servers/{ulid}", {"offline_after_seconds": 60}),
    "health": lambda ulid: ("GET", f"/health/{ulid}", None),
    "presence": lambda ulid: ("GET", f"/servers/{ulid}/presence", None),
    "write": lambda ulid: ("POST", "/data", {"server_ulid": ulid, "temperature": 1}),
    "query": lambda ulid: ("GET", f"/data?server_ulid={ulid}", None),
    "latest": lambda ulid: ("GET", f"/data/latest?server_ulid={ulid}", None),
    "quality": lambda ulid: ("GET", f"/data/quality?server_ulid={ulid}", None),
    "delete": lambda ulid: ("DELETE", f"/data?server_ulid={ulid}&end_time=2000-01-01T00:00:00", None),
    "hourly": lambda ulid: ("GET", f"/data?server_ulid={ulid}&aggregation=hour", None),
    "backtest": lambda ulid: (
        "POST",
        "/rules/backtest",
        {"rule": {"condition": {"kind": "offline"}, "server_ulids": [ulid]}, "start_time": "2024-05-01T00:00:00"},
    ),
    "cached": lambda ulid: (
        "GET",
        f"/data?server_ulid={ulid}&start_time=2024-05-01T00:00:00&end_time=2024-05-02T00:00:00",
        None,
    ),
}
PROTECTED = [
    ("POST", "/servers"), ("GET", "/servers"), ("GET", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("PATCH", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("POST", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV/keys"),
    ("GET", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV/keys"),
    ("DELETE", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV/keys/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("POST", "/data"),
    ("DELETE", "/data"), ("POST", "/maintenance/seal"), ("POST", "/maintenance/verify"),
    ("GET", "/data"), ("GET", "/data/stream"), ("GET", "/data/latest"), ("GET", "/data/quality"),
    ("POST", "/rules/backtest"), ("GET", "/rules/01ARZ3NDEKTSV4RRFFQ69G5FAV/explain"),
    ("POST", "/exports"), ("GET", "/exports/01ARZ3NDEKTSV4RRFFQ69G5FAV/file"),
    ("GET", "/workspaces/01ARZ3NDEKTSV4RRFFQ69G5FAV/exports/01ARZ3NDEKTSV4RRFFQ69G5FAV/file"),
    ("GET", "/fleet"), ("GET", "/health/all"), ("GET", "/health/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("POST", "/cache/set"),
    ("GET", "/cache/get/a"), ("GET", "/auth/me"), ("POST", "/auth/logout"),
    ("GET", "/auth/me/identities"), ("POST", "/auth/me/identities"), ("POST", "/auth/me/identities/confirm"),
    ("POST", "/auth/me/identities/disconnect"), ("POST", "/keys"), ("GET", "/keys"),
    ("DELETE", "/keys/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("GET", "/users"), ("POST", "/imports"),
    ("GET", "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("GET", "/servers/01ARZ3NDEKTSV4RRFFQ69G5FAV/presence"),
    ("GET", "/jobs"), ("GET", "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/log"),
    ("GET", "/views"), ("POST", "/views"), ("PUT", "/views/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("DELETE", "/views/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("POST", "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel"), ("POST", "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/retry"),
    ("POST", "/channels"), ("GET", "/channels"), ("GET", "/channels/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("PATCH", "/channels/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("DELETE", "/channels/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("POST", "/channels/01ARZ3NDEKTSV4RRFFQ69G5FAV/test"), ("GET", "/notifications"),
    ("GET", "/notifications/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("POST", "/notifications/retry"),
    ("POST", "/notifications/01ARZ3NDEKTSV4RRFFQ69G5FAV/retry"), ("GET", "/incidents"),
    ("GET", "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("POST", "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/acknowledge"),
    ("POST", "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/comments"),
    ("POST", "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/resolve"), ("POST", "/silences"), ("GET", "/silences"),
    ("GET", "/silences/01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("PATCH", "/silences/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("DELETE", "/silences/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_without_a_credential_nothing_opens(anonymous: httpx.Client, method: str, path: str) -> None:
    assert_problem(anonymous.request(method, path), 401)
    assert_problem(anonymous.request(method, path, headers=bearer("snt_k_0000")), 401)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_foreign_server_is_not_found(
    client: httpx.Client, user: User, server: Server, foreign_server: Server, operation: str
) -> None:
    method, path, body = OPERATIONS[operation](foreign_server.ulid)
    assert_problem(client.request(method, path, json=body, headers=user.headers), 404)
    method, path, body = OPERATIONS[operation](server.ulid)
    assert client.request(method, path, json=body, headers=user.headers).status_code < 300, "its owner may"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_foreign_server_cannot_be_told_from_one_that_never_was(
    client: httpx.Client, user: User, foreign_server: Server, operation: str
) -> None:
    absent = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    answers = []
    for ulid in (foreign_server.ulid, absent):
        method, path, body = OPERATIONS[operation](ulid)
        answer = client.request(method, path, json=body, headers=user.headers)
        problem = assert_problem(answer, 404)
        del problem["request_id"]
        answers.append(str(problem).replace(ulid, absent))
    assert answers[0] == answers[1]


def test_a_foreign_server_beside_an_own_one_is_not_found_either(
    client: httpx.Client, user: User, server: Server, foreign_server: Server
) -> None:
    params = {"server_ulid": [server.ulid, foreign_server.ulid]}
    assert_problem(client.get("/data", params=params, headers=user.headers), 404)


def test_a_query_over_everything_shows_the_own_workspace_only(
    client: httpx.Client, new_user: NewUser, new_server: NewServer
) -> None:
    people = [new_user(), new_user()]
    for number, person in enumerate(people):
        post(client, new_server(person), timestamp=stamp(), temperature=number)
    bounds = {"start_time": stamp(hours=-1), "end_time": stamp(hours=1)}
    for filters in ({}, bounds, {**bounds, "aggregation": "hour"}, {"aggregation": "day"}):
        for _ in range(2):
            shown = [column(readings(client, person, **filters), "temperature") for person in people]
            assert shown == [[0], [1]]


def test_a_refused_write_to_a_foreign_server_leaves_nothing(
    client: httpx.Client, user: User, stranger: User, foreign_server: Server
) -> None:
    body = {"server_ulid": foreign_server.ulid, "temperature": 1}
    assert_problem(client.post("/data", json=body, headers=user.headers), 404)
    receipt = client.post("/data", json=[body], headers=user.headers).json()
    assert receipt["accepted"] == 0
    assert receipt["rejected_count"] == 1
    assert readings_of(client, stranger, foreign_server) == []


def test_a_device_key_of_another_server_is_forbidden_and_of_another_workspace_blind(
    client: httpx.Client,
    user: User,
    server: Server,
    foreign_server: Server,
    new_server: NewServer,
) -> None:
    sibling = new_server(user)
    body = {"server_ulid": sibling.ulid, "temperature": 1}
    assert_problem(client.post("/data", json=body, headers=server.headers), 403)
    assert_problem(client.post("/data", json=body, headers=foreign_server.headers), 404)
    assert readings_of(client, user, sibling) == []


@pytest.mark.parametrize(("method", "path"), [entry for entry in PROTECTED if entry[1] != "/data"])
def test_a_device_key_opens_nothing_but_its_own_ingest(
    client: httpx.Client, server: Server, method: str, path: str
) -> None:
    response = client.request(method, path, json={}, headers=server.headers)
    # Of a workspace that is not its own it does not even learn that there is one.
    assert response.status_code in ((401, 403, 404) if path.startswith("/workspaces/") else (401, 403))
    assert_problem(response, response.status_code)


def test_a_device_key_does_not_read(client: httpx.Client, server: Server) -> None:
    post(client, server, temperature=1)
    assert_problem(client.get("/data", headers=server.headers), 403)


def test_lists_show_the_own_workspace_only(
    client: httpx.Client, newcomer: User, new_server: NewServer, foreign_server: Server
) -> None:
    own = new_server(newcomer).ulid
    for path in ("/servers", "/health/all"):
        rows = client.get(path, headers=newcomer.headers).json()
        assert [row["server_ulid"] for row in rows] == [own]


def test_a_foreign_key_can_be_neither_seen_nor_revoked(client: httpx.Client, user: User, stranger: User) -> None:
    created = new_key(client, stranger)
    assert created["key_id"] not in client.get("/keys", headers=user.headers).text
    assert_problem(client.delete(f"/keys/{created['key_id']}", headers=user.headers), 404)
    assert client.get("/data", headers=bearer(created["key"])).status_code == 200


def test_users_are_shown_to_the_instance_administrator_alone(
    client: httpx.Client, user: User, admin: dict[str, str]
) -> None:
    assert_problem(client.get("/users", headers=user.headers), 403)
    key = new_key(client, user, scopes=["admin"])["key"]
    assert_problem(client.get("/users", headers=bearer(key)), 403)
    rows = client.get("/users", headers=admin).json()
    assert user.username in [row["username"] for row in rows]
    assert all(set(row) >= {"id", "username", "email", "created_at"} for row in rows)
    assert "password" not in str(rows)
