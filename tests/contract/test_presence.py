"""GET /health: online is who has just been heard; stamps make nobody speak or fall silent."""

import time
from datetime import UTC, datetime, timedelta

import httpx

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, connect, moment, post, post_many, stamp
from tests.contract.problems import assert_problem
from tests.system import System

# Connection after connection reaches every process of the API.
ASKS = 6


def health(client: httpx.Client, user: User, server: Server) -> Row:
    response = client.get(f"/health/{server.ulid}", headers=user.headers)
    assert response.status_code == 200
    row: Row = response.json()
    return row


def statuses(system: System, user: User, server: Server) -> set[str]:
    """What every process says about the server."""
    seen = set()
    for _ in range(ASKS):
        with connect(system) as client:
            seen.add(health(client, user, server)["status"])
    return seen


def set_limit(client: httpx.Client, user: User, server: Server, seconds: int) -> None:
    body = {"offline_after_seconds": seconds}
    assert client.patch(f"/servers/{server.ulid}", json=body, headers=user.headers).status_code == 200


def test_a_server_never_seen_is_offline(client: httpx.Client, user: User, server: Server) -> None:
    assert health(client, user, server) == {
        "server_ulid": server.ulid,
        "server_name": server.name,
        "status": "offline",
        "last_seen": None,
    }


def test_a_server_is_online_as_soon_as_its_reading_is_acknowledged(
    client: httpx.Client, system: System, user: User, new_server: NewServer
) -> None:
    for _ in range(3):
        server = new_server(user)
        post(client, server, temperature=1)
        assert statuses(system, user, server) == {"online"}


def test_last_seen_is_the_arrival(client: httpx.Client, user: User, server: Server) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    post(client, server, temperature=1)
    seen = moment(health(client, user, server)["last_seen"])
    assert before <= seen <= datetime.now(UTC)


def test_all_is_a_bare_array_of_the_own_servers(
    client: httpx.Client, newcomer: User, new_server: NewServer, foreign_server: Server
) -> None:
    loud, silent = new_server(newcomer), new_server(newcomer)
    post(client, loud, temperature=1)
    rows = client.get("/health/all", headers=newcomer.headers).json()
    assert isinstance(rows, list)
    assert {row["server_ulid"]: row["status"] for row in rows} == {
        loud.ulid: "online",
        silent.ulid: "offline",
    }
    assert all(set(row) >= {"server_ulid", "server_name", "status", "last_seen"} for row in rows)
    assert foreign_server.ulid not in str(rows)


def test_all_of_nothing_is_an_empty_array(client: httpx.Client, newcomer: User) -> None:
    assert client.get("/health/all", headers=newcomer.headers).json() == []


def test_a_server_falls_offline_after_its_own_limit(
    client: httpx.Client, system: System, user: User, new_server: NewServer
) -> None:
    hasty, patient = new_server(user), new_server(user)
    set_limit(client, user, hasty, 1)
    post(client, hasty, temperature=1)
    post(client, patient, temperature=1)
    time.sleep(2.1)
    assert statuses(system, user, hasty) == {"offline"}
    assert statuses(system, user, patient) == {"online"}
    rows = client.get("/health/all", headers=user.headers).json()
    mine = [row for row in rows if row["server_ulid"] in (hasty.ulid, patient.ulid)]
    assert {row["server_ulid"]: row["status"] for row in mine} == {
        hasty.ulid: "offline",
        patient.ulid: "online",
    }
    post(client, hasty, temperature=2)
    assert statuses(system, user, hasty) == {"online"}, "one reading brings it back"


def test_a_new_limit_counts_at_once(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, temperature=1)
    time.sleep(1.2)
    set_limit(client, user, server, 1)
    assert health(client, user, server)["status"] == "offline"
    set_limit(client, user, server, 60)
    assert health(client, user, server)["status"] == "online"


def test_ten_seconds_of_silence_are_the_default(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    post(client, server, temperature=1)
    acknowledged = time.monotonic()
    time.sleep(8.5)
    assert statuses(system, user, server) == {"online"}
    time.sleep(acknowledged + 10.1 - time.monotonic())
    assert statuses(system, user, server) == {"offline"}


def test_last_seen_stands_still_between_arrivals(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, temperature=1)
    seen = health(client, user, server)["last_seen"]
    time.sleep(1.5)
    assert health(client, user, server)["last_seen"] == seen


def test_a_backfill_does_not_silence_a_server(client: httpx.Client, system: System, user: User, server: Server) -> None:
    post(client, server, temperature=1)
    before = moment(health(client, user, server)["last_seen"])
    post(client, server, timestamp="2020-01-01T00:00:00", temperature=1)
    post_many(client, server, [{"timestamp": stamp(seconds=s), "temperature": s} for s in range(10)])
    assert statuses(system, user, server) == {"online"}
    assert moment(health(client, user, server)["last_seen"]) >= before


def test_a_future_stamp_keeps_nobody_online(client: httpx.Client, system: System, user: User, server: Server) -> None:
    set_limit(client, user, server, 1)
    post(client, server, timestamp="2099-01-01T00:00:00", temperature=1)
    assert moment(health(client, user, server)["last_seen"]) <= datetime.now(UTC)
    time.sleep(2.1)
    assert statuses(system, user, server) == {"offline"}


def test_a_refused_reading_is_no_sign_of_a_foreign_server(
    client: httpx.Client, user: User, stranger: User, foreign_server: Server
) -> None:
    body = {"server_ulid": foreign_server.ulid, "temperature": 1}
    assert_problem(client.post("/data", json=body, headers=user.headers), 404)
    assert health(client, stranger, foreign_server)["status"] == "offline"


def test_health_of_an_unknown_server_is_not_found(client: httpx.Client, user: User) -> None:
    assert_problem(client.get("/health/01ARZ3NDEKTSV4RRFFQ69G5FAV", headers=user.headers), 404)
