"""DELETE /data: a range of a server, or one quantity of it, hot or sealed; noted, and never served again."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.calls import Row, bearer, column, new_key, post_many, readings_of, stamp
from tests.contract.problems import assert_problem, assert_refused

# Ten times what it takes on a busy machine.
DONE_WITHIN = 30.0
RECENT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)


def at(seconds: float) -> str:
    return (RECENT + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def delete(client: httpx.Client, user: User, server: Server, **query: str) -> httpx.Response:
    return client.delete("/data", params={"server_ulid": server.ulid, **query}, headers=user.headers)


def deleted(client: httpx.Client, user: User, server: Server, **query: str) -> int:
    """How many readings a deletion took, at once."""
    response = delete(client, user, server, **query)
    assert response.status_code == 200, response.text
    job: Row = response.json()
    assert (job["kind"], job["state"], job["error"]) == ("data_deletion", "done", None)
    assert job["owner"]["id"], "somebody did it"
    count: int = job["result"]["readings"]
    return count


def test_a_range_is_gone_with_the_answer_and_its_bounds_with_it(
    client: httpx.Client, user: User, server: Server
) -> None:
    post_many(client, server, [{"timestamp": at(s), "temperature": s} for s in range(10)])
    assert len(readings_of(client, user, server)) == 10
    assert deleted(client, user, server, start_time=at(2), end_time=at(4)) == 3
    assert column(readings_of(client, user, server), "temperature") == [0, 1, 5, 6, 7, 8, 9]
    assert deleted(client, user, server, start_time=at(2), end_time=at(4)) == 0


def test_one_bound_alone_reaches_to_the_end_of_time(client: httpx.Client, user: User, server: Server) -> None:
    post_many(client, server, [{"timestamp": at(s), "temperature": s} for s in range(5)])
    assert deleted(client, user, server, end_time=at(1)) == 2
    assert deleted(client, user, server, start_time=at(4)) == 1
    assert column(readings_of(client, user, server), "temperature") == [2, 3]


def test_one_quantity_goes_and_the_others_stay(client: httpx.Client, user: User, server: Server) -> None:
    rows = [{"timestamp": at(0), "temperature": 1, "flow": 2}, {"timestamp": at(1), "flow": 3}]
    post_many(client, server, rows)
    assert deleted(client, user, server, start_time=at(0), sensor_type="flow") == 2
    assert [set(row) for row in readings_of(client, user, server)] == [{"timestamp", "server_ulid", "temperature"}]
    assert deleted(client, user, server, start_time=at(0), sensor_type="temperature") == 1
    assert readings_of(client, user, server) == []


def test_a_deletion_shows_in_a_closed_range_that_was_cached(client: httpx.Client, user: User, server: Server) -> None:
    post_many(client, server, [{"timestamp": at(s), "temperature": s} for s in range(3)])
    closed = {"start_time": at(0), "end_time": at(60)}
    for left in (3, 2):
        assert len(readings_of(client, user, server, **closed)) == left
        assert deleted(client, user, server, start_time=at(left - 1), end_time=at(left - 1)) == 1
    assert len(readings_of(client, user, server, **closed)) == 1


def test_a_deleted_instant_may_be_sent_again(client: httpx.Client, user: User, server: Server) -> None:
    reading = [{"timestamp": at(0), "temperature": 1, "humidity": 50}]
    post_many(client, server, reading)
    assert deleted(client, user, server, start_time=at(0)) == 1
    receipt = post_many(client, server, [{"timestamp": at(0), "temperature": 2}])
    assert receipt["accepted"] == 1
    assert column(readings_of(client, user, server), "temperature") == [2]
    assert "humidity" not in readings_of(client, user, server)[0]


def test_a_large_range_becomes_a_job(client: httpx.Client, user: User, server: Server) -> None:
    post_many(client, server, [{"timestamp": stamp(hours=hour), "temperature": hour} for hour in range(100)])
    response = delete(client, user, server, start_time=stamp(hours=10), end_time=stamp(hours=200))
    assert response.status_code == 202
    job = response.json()
    assert response.headers["Location"] == f"/jobs/{job['job_id']}"
    deadline = time.monotonic() + DONE_WITHIN
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
        job = client.get(f"/jobs/{job['job_id']}", headers=user.headers).json()
    assert (job["state"], job["result"]) == ("done", {"readings": 90})
    assert column(readings_of(client, user, server), "temperature") == list(range(10))


def test_a_deletion_is_noted_in_the_audit_log(client: httpx.Client, user: User, server: Server) -> None:
    deleted(client, user, server, end_time=at(0), sensor_type="temperature")
    entries = client.get("/audit", headers=user.headers).raise_for_status().json()
    (entry,) = [row for row in entries if row["action"] == "data.delete" and row["target"] == server.ulid]
    assert entry["actor_name"] == user.username
    assert entry["after"] == {"start_time": None, "end_time": at(0), "sensor_type": "temperature"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, ""),
        ({"start_time": at(2), "end_time": at(1)}, ""),
        ({"start_time": "yesterday"}, "start_time"),
        ({"end_time": at(0), "sensor_type": "loudness"}, "sensor_type"),
        ({"end_time": at(0), "colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_deletes_nothing(
    client: httpx.Client, user: User, server: Server, query: dict[str, str], field: str
) -> None:
    post_many(client, server, [{"timestamp": at(0), "temperature": 1}])
    response = delete(client, user, server, **query)
    if field:
        assert_refused(response, field)
    else:
        assert_problem(response, 422)
    assert len(readings_of(client, user, server)) == 1


def test_nobody_deletes_by_forgetting_the_server(client: httpx.Client, user: User) -> None:
    assert_refused(client.delete("/data", params={"end_time": at(0)}, headers=user.headers), "server_ulid")


def test_a_key_that_writes_may_not_delete(client: httpx.Client, user: User, server: Server) -> None:
    query = {"server_ulid": server.ulid, "end_time": at(0)}
    writer = bearer(new_key(client, user, scopes=["read", "write"])["key"])
    for headers in (writer, server.headers):
        assert_problem(client.delete("/data", params=query, headers=headers), 403)
