"""API keys: shown once, limited by scope and expiry, gone as soon as they are revoked."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import Row, bearer, connect, moment, new_key, readings_of, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

# A revocation reaches every process within a second; five times that is late, not wrong.
REVOKED_WITHIN = 5.0


def listed(client: httpx.Client, user: User) -> list[Row]:
    response = client.get("/keys", headers=user.headers)
    assert response.status_code == 200
    rows: list[Row] = response.json()
    return rows


def shown(client: httpx.Client, user: User, key: Row) -> Row | None:
    """How the list shows this key; None when it does not."""
    return next((row for row in listed(client, user) if row["key_id"] == key["key_id"]), None)


def send(client: httpx.Client, server: Server, key: str) -> httpx.Response:
    return client.post("/data", json={"server_ulid": server.ulid, "temperature": 20.5}, headers=bearer(key))


def test_a_key_is_shown_once_and_listed_without_itself(client: httpx.Client, newcomer: User) -> None:
    created = new_key(client, newcomer, name="reporting")
    assert created["key"].startswith("snt_k_")
    assert created["name"] == "reporting"
    moment(created["created_at"])
    rows = listed(client, newcomer)
    assert [row["key_id"] for row in rows] == [created["key_id"]]
    assert set(rows[0]) >= {"key_id", "name", "scopes", "prefix", "created_at", "expires_at", "last_used_at"}
    assert created["key"] not in str(rows)
    assert created["key"].startswith(rows[0]["prefix"])
    assert len(rows[0]["prefix"]) <= len(created["key"]) / 2, "a prefix must not give the key away"


def test_a_key_reads_and_writes_unless_told_otherwise(client: httpx.Client, user: User, server: Server) -> None:
    created = new_key(client, user)
    assert sorted(created["scopes"]) == ["read", "write"]
    assert send(client, server, created["key"]).status_code == 201
    rows = client.get("/data", params={"server_ulid": server.ulid}, headers=bearer(created["key"])).json()
    assert [row["temperature"] for row in rows] == [20.5]


def test_a_key_that_reads_cannot_write(client: httpx.Client, user: User, server: Server) -> None:
    key = new_key(client, user, scopes=["read"])["key"]
    for path in ("/data", "/servers", "/health/all", f"/health/{server.ulid}"):
        assert client.get(path, headers=bearer(key)).status_code == 200
    assert_problem(send(client, server, key), 403)
    assert_problem(client.post("/servers", json={"server_name": unique("a")}, headers=bearer(key)), 403)
    assert readings_of(client, user, server) == []


def test_a_key_that_writes_cannot_read(client: httpx.Client, user: User, server: Server) -> None:
    key = new_key(client, user, scopes=["write"])["key"]
    assert send(client, server, key).status_code == 201
    assert_problem(client.get("/data", headers=bearer(key)), 403)
    assert_problem(client.get("/health/all", headers=bearer(key)), 403)


def test_only_an_admin_key_makes_and_revokes_keys(client: httpx.Client, user: User) -> None:
    plain = new_key(client, user)
    assert_problem(client.post("/keys", json={"name": "more"}, headers=bearer(plain["key"])), 403)
    assert_problem(client.delete(f"/keys/{plain['key_id']}", headers=bearer(plain["key"])), 403)
    admin = new_key(client, user, scopes=["admin"])["key"]
    assert client.post("/keys", json={"name": "more"}, headers=bearer(admin)).status_code == 201


def test_an_admin_key_reads_and_writes_too(client: httpx.Client, user: User, server: Server) -> None:
    key = new_key(client, user, scopes=["admin"])["key"]
    assert send(client, server, key).status_code == 201
    assert client.get("/data", headers=bearer(key)).status_code == 200


def test_a_key_belongs_to_one_workspace(client: httpx.Client, user: User, foreign_server: Server) -> None:
    key = new_key(client, user, scopes=["admin"])["key"]
    assert_problem(send(client, foreign_server, key), 404)
    assert_problem(client.get(f"/servers/{foreign_server.ulid}", headers=bearer(key)), 404)


def test_a_revoked_key_is_dead_in_every_process(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    created = new_key(client, user)
    assert send(client, server, created["key"]).status_code == 201
    assert client.delete(f"/keys/{created['key_id']}", headers=user.headers).status_code == 204
    deadline = time.monotonic() + REVOKED_WITHIN
    refusals = 0
    while refusals < 8:
        assert time.monotonic() < deadline, "the key still opens"
        with connect(system) as connection:
            sent = send(connection, server, created["key"])
            read = connection.get("/data", headers=bearer(created["key"]))
        refusals = refusals + 1 if sent.status_code == read.status_code == 401 else 0
    assert_problem(read, 401)
    assert shown(client, user, created) is None


def test_a_key_dies_when_it_expires(client: httpx.Client, user: User) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=1.5)
    created = new_key(client, user, expires_at=expires.isoformat())
    assert abs(moment(created["expires_at"]) - expires) < timedelta(milliseconds=1)
    assert client.get("/data", headers=bearer(created["key"])).status_code == 200
    time.sleep(2.0)
    assert_problem(client.get("/data", headers=bearer(created["key"])), 401)


def test_a_key_tells_when_it_was_last_used(client: httpx.Client, user: User) -> None:
    created = new_key(client, user)
    row = shown(client, user, created)
    assert row
    assert row["last_used_at"] is None
    assert client.get("/data", headers=bearer(created["key"])).status_code == 200
    deadline = time.monotonic() + 10
    while not (used := (shown(client, user, created) or {})["last_used_at"]):
        assert time.monotonic() < deadline, "its use was never noted"
        time.sleep(0.2)
    assert moment(used) >= moment(created["created_at"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", None), ("scopes", []), ("scopes", ["root"]), ("scopes", "read"),
     ("expires_at", "tomorrow"), ("expires_at", 1_800_000_000), ("expires_at", "2030-01-01"), ("colour", "red")],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused_by_name(
    client: httpx.Client, user: User, field: str, value: object
) -> None:
    before = listed(client, user)
    response = client.post("/keys", json={"name": "odd", field: value}, headers=user.headers)
    assert_refused(response, field)
    assert listed(client, user) == before


def test_an_unknown_key_is_not_found(client: httpx.Client, user: User) -> None:
    response = client.delete("/keys/01ARZ3NDEKTSV4RRFFQ69G5FAV", headers=user.headers)
    assert_problem(response, 404)


def test_a_changed_key_opens_nothing(client: httpx.Client, user: User) -> None:
    key = new_key(client, user)["key"]
    swapped = key[:-1] + ("a" if key[-1] != "a" else "b")
    for wrong in (swapped, key[:-1], key + "a", key.upper(), key.replace("snt_k_", "snt_d_")):
        assert_problem(client.get("/data", headers=bearer(wrong)), 401)
