"""Device keys: several at a time, so that a device gets a new one without a gap; expiry, revocation, last use."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import Row, bearer, column, connect, moment, readings_of
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

# The end of a key reaches every process within a second, a use the list within two; five times that is late.
REFUSED_WITHIN = 5.0
NOTED_WITHIN = 10.0
ABSENT = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def add_key(client: httpx.Client, user: User, server: Server, **wishes: Any) -> Row:
    response = client.post(f"/servers/{server.ulid}/keys", json=wishes, headers=user.headers)
    assert response.status_code == 201, response.text
    created: Row = response.json()
    return created


def listed(client: httpx.Client, user: User, server: Server) -> list[Row]:
    response = client.get(f"/servers/{server.ulid}/keys", headers=user.headers)
    assert response.status_code == 200, response.text
    rows: list[Row] = response.json()
    return rows


def send(client: httpx.Client, server: Server, key: str, temperature: float = 20.5) -> httpx.Response:
    body = {"server_ulid": server.ulid, "temperature": temperature}
    return client.post("/data", json=body, headers=bearer(key))


def until_refused(system: System, server: Server, key: str) -> None:
    """Wait until eight connections in a row, spread over the processes, are refused."""
    deadline = time.monotonic() + REFUSED_WITHIN
    refusals = 0
    while refusals < 8:
        assert time.monotonic() < deadline, "the key still opens"
        with connect(system) as connection:
            refusals = refusals + 1 if send(connection, server, key).status_code == 401 else 0


def test_a_new_key_is_shown_once_and_listed_without_itself(client: httpx.Client, user: User, server: Server) -> None:
    created = add_key(client, user, server, name="after the move")
    assert created["device_key"].startswith("snt_d_")
    rows = listed(client, user, server)
    assert column(rows, "name") == ["first device key", "after the move"]
    facts = {"key_id", "name", "prefix", "created_at", "expires_at", "last_used_at"}
    assert [set(row) for row in rows] == [facts, facts]
    assert created["key_id"] == rows[1]["key_id"]
    assert created["device_key"].startswith(rows[1]["prefix"])
    assert created["device_key"] not in str(rows)
    assert server.device_key not in str(rows)


def test_without_a_body_a_key_is_made_and_the_old_ones_stay_as_they_are(
    client: httpx.Client, user: User, server: Server
) -> None:
    response = client.post(f"/servers/{server.ulid}/keys", headers=user.headers)
    assert response.status_code == 201, response.text
    assert column(listed(client, user, server), "expires_at") == [None, None]
    for number, key in enumerate((server.device_key, response.json()["device_key"])):
        assert send(client, server, key, number).status_code == 201
    assert sorted(column(readings_of(client, user, server), "temperature")) == [0, 1]


def test_old_keys_work_beside_the_new_one_and_end_when_asked(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    until = soon(2.5)
    created = add_key(client, user, server, old_keys_valid_until=until)
    old, new = listed(client, user, server)
    assert abs(moment(old["expires_at"]) - datetime.fromisoformat(until)) < timedelta(milliseconds=1)
    assert new["expires_at"] is None
    assert send(client, server, server.device_key).status_code == 201
    assert send(client, server, created["device_key"]).status_code == 201
    time.sleep(max(0.0, (datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()))
    until_refused(system, server, server.device_key)
    assert send(client, server, created["device_key"]).status_code == 201


def test_an_end_in_the_past_ends_the_old_keys_at_once(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    assert send(client, server, server.device_key).status_code == 201
    created = add_key(client, user, server, old_keys_valid_until=soon(-60))
    until_refused(system, server, server.device_key)
    assert send(client, server, created["device_key"]).status_code == 201


def test_an_overlap_never_lengthens_the_life_of_a_key(client: httpx.Client, user: User, server: Server) -> None:
    first, later = soon(3600), soon(7200)
    add_key(client, user, server, name="brief", expires_at=first)
    add_key(client, user, server, old_keys_valid_until=later)
    ends = {row["name"]: row["expires_at"] for row in listed(client, user, server)}
    assert moment(ends["brief"]) == datetime.fromisoformat(first)
    assert moment(ends["first device key"]) == datetime.fromisoformat(later)
    assert ends["device key"] is None


def test_rotating_one_server_leaves_the_keys_of_others_alone(
    client: httpx.Client, user: User, server: Server, new_server: Any
) -> None:
    other = new_server(user)
    add_key(client, user, server, old_keys_valid_until=soon(-1))
    assert column(listed(client, user, other), "expires_at") == [None]
    assert send(client, other, other.device_key).status_code == 201


def test_a_key_in_constant_use_dies_when_it_expires(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    """No process believes a remembered key past its end: a use just before must not carry it over."""
    expires = datetime.now(UTC) + timedelta(seconds=2)
    created = add_key(client, user, server, expires_at=expires.isoformat())
    while datetime.now(UTC) < expires - timedelta(seconds=0.2):
        assert send(client, server, created["device_key"]).status_code == 201
    until_refused(system, server, created["device_key"])
    assert moment(listed(client, user, server)[1]["expires_at"]) == expires


def test_a_revoked_key_is_dead_in_every_process_and_the_others_live(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    created = add_key(client, user, server)
    assert send(client, server, created["device_key"]).status_code == 201
    path = f"/servers/{server.ulid}/keys/{created['key_id']}"
    assert client.delete(path, headers=user.headers).status_code == 204
    until_refused(system, server, created["device_key"])
    assert send(client, server, server.device_key).status_code == 201
    assert column(listed(client, user, server), "name") == ["first device key"]
    assert_problem(client.delete(path, headers=user.headers), 404)


def test_a_key_tells_when_it_last_sent(client: httpx.Client, user: User, server: Server) -> None:
    assert column(listed(client, user, server), "last_used_at") == [None]
    before = datetime.now(UTC)
    assert send(client, server, server.device_key).status_code == 201
    deadline = time.monotonic() + NOTED_WITHIN
    while (used := listed(client, user, server)[0]["last_used_at"]) is None:
        assert time.monotonic() < deadline, "its use was never noted"
        time.sleep(0.2)
    assert before - timedelta(seconds=1) < moment(used) < before + timedelta(seconds=NOTED_WITHIN)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", None), ("name", 5), ("expires_at", "2020-01-01T00:00:00Z"), ("expires_at", "2030-01-01"),
     ("expires_at", 1_900_000_000), ("old_keys_valid_until", "tomorrow"), ("scopes", ["admin"])],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused_by_name_and_changes_nothing(
    client: httpx.Client, user: User, server: Server, field: str, value: object
) -> None:
    before = listed(client, user, server)
    wishes = {"old_keys_valid_until": soon(-60), field: value}
    assert_refused(client.post(f"/servers/{server.ulid}/keys", json=wishes, headers=user.headers), field)
    assert listed(client, user, server) == before


def test_an_api_key_cannot_be_born_expired(client: httpx.Client, user: User) -> None:
    body = {"name": "late", "expires_at": soon(-1)}
    headers = {**user.headers, "Accept-Language": "pt"}
    problem = assert_refused(client.post("/keys", json=body, headers=headers), "expires_at")
    assert problem["errors"][0]["msg"] == "Deve ficar no futuro"


def test_keys_of_a_foreign_server_are_not_found(
    client: httpx.Client, user: User, stranger: User, server: Server, foreign_server: Server
) -> None:
    theirs = listed(client, stranger, foreign_server)
    key_id = theirs[0]["key_id"]
    for ulid in (foreign_server.ulid, ABSENT, "none"):
        assert_problem(client.post(f"/servers/{ulid}/keys", json={}, headers=user.headers), 404)
        assert_problem(client.get(f"/servers/{ulid}/keys", headers=user.headers), 404)
        assert_problem(client.delete(f"/servers/{ulid}/keys/{key_id}", headers=user.headers), 404)
    for unknown in (key_id, ABSENT):
        assert_problem(client.delete(f"/servers/{server.ulid}/keys/{unknown}", headers=user.headers), 404)
    assert listed(client, stranger, foreign_server) == theirs
    assert send(client, foreign_server, foreign_server.device_key).status_code == 201


def test_a_key_of_the_one_kind_is_no_key_of_the_other(client: httpx.Client, user: User, server: Server) -> None:
    device = listed(client, user, server)[0]["key_id"]
    assert_problem(client.delete(f"/keys/{device}", headers=user.headers), 404)
    api = client.post("/keys", json={"name": "program"}, headers=user.headers).json()["key_id"]
    assert_problem(client.delete(f"/servers/{server.ulid}/keys/{api}", headers=user.headers), 404)
    assert device not in client.get("/keys", headers=user.headers).text


def test_only_administrators_handle_device_keys(client: httpx.Client, user: User, server: Server) -> None:
    body = {"name": "operator", "scopes": ["read", "write"]}
    plain = bearer(client.post("/keys", json=body, headers=user.headers).json()["key"])
    key_id = listed(client, user, server)[0]["key_id"]
    for headers in (plain, server.headers):
        assert_problem(client.post(f"/servers/{server.ulid}/keys", json={}, headers=headers), 403)
        assert_problem(client.get(f"/servers/{server.ulid}/keys", headers=headers), 403)
        assert_problem(client.delete(f"/servers/{server.ulid}/keys/{key_id}", headers=headers), 403)
