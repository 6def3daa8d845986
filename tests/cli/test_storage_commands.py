"""`export`, `seal` and `verify`, as a person at a terminal meets them."""

import csv
import io
import json
import time
from pathlib import Path

import httpx
import psycopg
import pyarrow.parquet as pq
import pytest

from tests.cli.commands import PATIENCE, Done, last_line, run, start
from tests.conftest import NewServer, NewUser, Server
from tests.contract.calls import new_key, post_many, stamp
from tests.system import System


@pytest.fixture(scope="module")
def filled(client: httpx.Client, new_user: NewUser, new_server: NewServer) -> tuple[Server, str]:
    """A server with forty readings, and a key of its workspace."""
    user = new_user()
    server = new_server(user)
    post_many(client, server, [{"timestamp": stamp(seconds=n), "voltage": n / 4} for n in range(40)])
    return server, new_key(client, user, scopes=["admin"])["key"]


def test_export_writes_the_file_that_its_ending_asks_for(
    system: System, filled: tuple[Server, str], tmp_path: Path
) -> None:
    server, key = filled
    file = tmp_path / "some.parquet"
    done = run(system.url, key, "export", str(file), "--server", server.name, "--from", stamp(seconds=10))
    assert (done.code, done.out) == (0, ""), done.err
    assert last_line(done.err).startswith("30 rows, ")
    assert pq.read_table(file).column("voltage").to_pylist() == [n / 4 for n in range(10, 40)]
    assert list(tmp_path.iterdir()) == [file]


def test_export_to_a_pipe_holds_nothing_but_the_readings(system: System, filled: tuple[Server, str]) -> None:
    server, key = filled
    done = run(
        system.url, key, "export", "-", "--format", "csv", "--server", server.ulid, "--aggregation", "minute",
        "--function", "max",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["timestamp"], float(row["voltage"])) for row in rows] == [(stamp(), 39 / 4)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["readings.xlsx"], "say --format"),
        (["-", "--format", "csv", "--server", "nobody"], "nobody"),
        (["-", "--format", "csv", "--sensor", "colour"], "Must be one of: temperature"),
        (["/nowhere/at/all.csv"], "cannot write /nowhere/at/all.csv"),
    ],
)
def test_export_says_in_a_line_what_is_wrong(
    system: System, filled: tuple[Server, str], arguments: list[str], words: str
) -> None:
    done = run(system.url, filled[1], "export", *arguments)
    assert done.code == 1
    assert words in done.err
    assert "Traceback" not in done.err


def test_seal_and_verify_tell_what_they_did(system: System, client: httpx.Client, filled: tuple[Server, str]) -> None:
    server, _ = filled
    sealed = admin(system, "seal", "--json")
    assert (sealed.code, set(json.loads(sealed.out))) == (0, {"readings", "segments", "failed"}), sealed.err
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        where = "FROM server WHERE server.server_id = {table}.server_id AND server_ulid = %s"
        statement = f"UPDATE segment_column SET last = 7 {where.format(table='segment_column')}"
        assert connection.execute(statement.encode(), (server.ulid,)).rowcount == 1
        found = admin(system, "verify", "--json")
        assert (found.code, json.loads(found.out)["repaired"]) == (0, 1), found.err
        connection.execute(
            f"UPDATE segment SET timestamps = 'x' {where.format(table='segment')}".encode(), (server.ulid,)
        )
        damaged = admin(system, "verify")
        for table in ("segment", "segment_column"):
            connection.execute(
                f"DELETE FROM {table} USING server {where[12:].format(table=table)}".encode(), (server.ulid,)
            )
    assert damaged.code == 1
    assert "some segments are damaged" in damaged.err


def test_seal_that_somebody_cancels_says_so(system: System, client: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {system.admin_key}"}
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        # As the sealer of every minute does while it works.
        connection.execute("SELECT pg_advisory_lock(1784834083, 0)")
        sealing = start(system.url, system.admin_key, "seal")
        while not (jobs := [job for job in client.get("/jobs", headers=headers).json() if job["state"] == "running"]):
            assert sealing.poll() is None
            time.sleep(0.05)
        client.post(f"/jobs/{jobs[0]['job_id']}/cancel", headers=headers).raise_for_status()
        out, err = sealing.communicate(timeout=PATIENCE)
    assert (sealing.returncode, out) == (1, "")
    assert "somebody cancelled the sealing" in err


def test_seal_is_refused_to_who_does_not_run_the_installation(system: System, filled: tuple[Server, str]) -> None:
    done = run(system.url, filled[1], "seal")
    assert done.code == 1
    assert "administrator" in done.err


def admin(system: System, *arguments: str) -> Done:
    return run(system.url, system.admin_key, *arguments)
