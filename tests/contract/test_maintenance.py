"""Sealing and verifying by hand, for who runs the installation; and what Prometheus is told."""

import time

import httpx
import psycopg

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, metric, post_many, stamp
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

DONE_WITHIN = 60.0


def run(client: httpx.Client, admin: dict[str, str], path: str, **query: str) -> Row:
    """The result of a job of maintenance."""
    response = client.post(path, params=query, headers=admin)
    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["Location"] == f"/jobs/{job['job_id']}"
    deadline = time.monotonic() + DONE_WITHIN
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
        job = client.get(f"/jobs/{job['job_id']}", headers=admin).json()
    assert (job["state"], job["error"], job["progress"]) == ("done", None, 1)
    result: Row = job["result"]
    return result


def hot_rows(system: System, server: Server) -> int:
    with psycopg.connect(system.database_url) as connection:
        query = "SELECT count(*) FROM reading JOIN server USING (server_id) WHERE server_ulid = %s"
        row = connection.execute(query, (server.ulid,)).fetchone()
    assert row
    return int(row[0])


def test_sealing_by_hand_empties_the_hot_table_of_what_is_due(
    client: httpx.Client, system: System, admin: dict[str, str], server: Server
) -> None:
    post_many(client, server, [{"timestamp": stamp(seconds=second), "voltage": second} for second in range(50)])
    post_many(client, server, [{"voltage": 1}])
    before = metric(client, "sentinela_sealed_readings_total")
    result = run(client, admin, "/maintenance/seal")
    assert set(result) == {"readings", "segments", "failed"}
    assert result["failed"] == 0
    # The arrival of just now stays.
    assert hot_rows(system, server) == 1
    deadline = time.monotonic() + 10
    while metric(client, "sentinela_sealed_readings_total") < before + 50:
        assert time.monotonic() < deadline, "the worker's metrics do not show the sealed readings"
        time.sleep(0.1)


def test_statistics_of_quarters_are_looked_at_too(
    client: httpx.Client, system: System, admin: dict[str, str], user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    post_many(client, server, [{"timestamp": stamp(seconds=2 * s), "voltage": s % 7} for s in range(1800)])
    run(client, admin, "/maintenance/seal")
    of = "FROM server WHERE server.server_id = segment.server_id AND server_ulid = %s"
    query = "SELECT quarters FROM segment JOIN server USING (server_id) WHERE server_ulid = %s"
    with psycopg.connect(system.database_url) as connection:
        true = connection.execute(query, (server.ulid,)).fetchall()
        assert [len(quarters) for (quarters,) in true] == [1 + 4 * 57]
        # A bit of the first count.
        changed = "UPDATE segment SET quarters = set_byte(quarters, 6, 0)"
        connection.execute(f"{changed} {of}", (server.ulid,))
    assert run(client, admin, "/maintenance/verify")["repaired"] == 1
    with psycopg.connect(system.database_url) as connection:
        assert connection.execute(query, (server.ulid,)).fetchall() == true


def test_a_repaired_statistic_is_counted_and_right_again(
    client: httpx.Client, system: System, admin: dict[str, str], user: User, new_server: NewServer
) -> None:
    server, damaged = new_server(user), new_server(user)
    for each in (server, damaged):
        post_many(client, each, [{"timestamp": stamp(seconds=s), "voltage": s} for s in range(10)])
    # A sensor that is switched off: nothing to measure a drift by.
    post_many(client, new_server(user), [{"timestamp": stamp(seconds=s), "voltage": 0} for s in range(10)])
    run(client, admin, "/maintenance/seal")
    of = "FROM server WHERE server.server_id = {table}.server_id AND server_ulid = %s"
    with psycopg.connect(system.database_url) as connection:
        connection.execute(f"UPDATE segment_column SET sum = 46 {of.format(table='segment_column')}", (server.ulid,))
        connection.execute(f"UPDATE segment SET timestamps = '\\x01ff' {of.format(table='segment')}", (damaged.ulid,))
    found = run(client, admin, "/maintenance/verify")
    assert (found["repaired"], found["damaged"]) == (1, 1)
    assert found["segments"] > 1
    with psycopg.connect(system.database_url) as connection:
        query = "SELECT sum FROM segment_column JOIN server USING (server_id) WHERE server_ulid = %s"
        assert connection.execute(query, (server.ulid,)).fetchall() == [(45.0,)]
        # Nobody else's tests want to read it.
        for table in ("segment", "segment_column"):
            connection.execute(
                f"DELETE FROM {table} USING server WHERE server.server_id = {table}.server_id AND server_ulid = %s",
                (damaged.ulid,),
            )
    assert run(client, admin, "/maintenance/verify")["repaired"] == 0


def test_maintenance_is_for_who_runs_the_installation(client: httpx.Client, user: User) -> None:
    for path in ("/maintenance/seal", "/maintenance/verify"):
        assert_problem(client.post(path, headers=user.headers), 403)


def test_a_lag_that_is_none_is_named(client: httpx.Client, admin: dict[str, str]) -> None:
    response = client.post("/maintenance/seal", params={"lag_minutes": "-1"}, headers=admin)
    assert_refused(response, "lag_minutes")
