"""`POST /exports`: what `GET /data` answers, in a file that is kept for a day."""

import io
import time
from typing import Any

import httpx
import psycopg
import pyarrow.parquet as pq
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import bearer, new_key, post_many, stamp
from tests.contract.problems import assert_problem
from tests.system import System

ROWS, ROWS_LONG = 100_000, 10_000_000
# What the worker may need beyond what it has when nothing runs.
GROWTH_BYTES = 200 * 2**20


def export(client: httpx.Client, user: User, seconds: float = 60.0, **body: Any) -> dict[str, Any]:
    """The ended job."""
    answer = client.post("/exports", json=body, headers=user.headers)
    assert answer.status_code == 202, answer.text
    path = answer.headers["Location"]
    deadline = time.monotonic() + seconds
    while True:
        job: dict[str, Any] = client.get(path, headers=user.headers).json()
        if job["state"] not in ("queued", "running"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.1)


def fetched(client: httpx.Client, user: User, job: dict[str, Any], **headers: str) -> httpx.Response:
    assert job["state"] == "done", job
    return client.get(job["result"]["file"], headers={**user.headers, **headers})


@pytest.fixture(scope="module")
def filled(client: httpx.Client, user: User, new_server: NewServer) -> Server:
    """A server with 300 readings, one a minute."""
    server = new_server(user)
    rows = [{"timestamp": stamp(minutes=n), "temperature": n / 10, "flow": n} for n in range(300)]
    post_many(client, server, rows)
    return server


@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "arrow"])
@pytest.mark.parametrize("wish", [{}, {"aggregation": "hour", "function": ["max", "p90"], "group_by": "server"}])
def test_the_file_is_what_the_query_answers(
    client: httpx.Client, user: User, filled: Server, form: str, wish: dict[str, Any]
) -> None:
    question = {"server_ulid": [filled.ulid], "end_time": stamp(hours=4), **wish}
    job = export(client, user, format=form, **question)
    file = fetched(client, user, job)
    answer = client.get("/data", params={**question, "format": form}, headers=user.headers)
    assert file.content == answer.content
    assert file.headers["content-type"].split(";")[0] == answer.headers["content-type"].split(";")[0]
    assert job["result"]["bytes"] == len(file.content)
    assert f'filename="sentinela-{job["job_id"]}.{form}"' in file.headers["content-disposition"]


def test_parquet_holds_every_row(client: httpx.Client, user: User, filled: Server) -> None:
    job = export(client, user, format="parquet", server_ulid=[filled.ulid])
    table = pq.read_table(io.BytesIO(fetched(client, user, job).content))
    assert table.num_rows == job["result"]["rows"] == 300
    assert table.column("flow").to_pylist() == list(range(300))


def test_a_file_comes_in_parts(client: httpx.Client, user: User, filled: Server) -> None:
    job = export(client, user, server_ulid=[filled.ulid])
    whole = fetched(client, user, job).content
    part = fetched(client, user, job, Range="bytes=100-199")
    assert part.status_code == 206
    assert part.content == whole[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert fetched(client, user, job, Range=f"bytes={len(whole)}-").status_code == 416


def test_nobody_else_gets_the_file(client: httpx.Client, user: User, stranger: User, filled: Server) -> None:
    job = export(client, user, server_ulid=[filled.ulid])
    file = job["result"]["file"]
    assert_problem(client.get(file, headers=stranger.headers), 404)
    assert_problem(client.get(file, headers=filled.headers), 403)
    assert_problem(client.get(file), 401)
    reading = new_key(client, user, scopes=["read"])["key"]
    assert client.get(file, headers=bearer(reading)).status_code == 200
    upload = {**user.headers, "Content-Type": "text/csv"}
    content = f"server_ulid,timestamp,temperature\n{filled.ulid},{stamp()},0\n"
    other = client.post("/imports", content=content, headers=upload).json()
    assert_problem(client.get(f"/exports/{other['job_id']}/file", headers=user.headers), 404)


def test_bad_requests_are_refused_at_once(client: httpx.Client, user: User, foreign_server: Server) -> None:
    def refused(status: int, **body: Any) -> dict[str, Any]:
        return assert_problem(client.post("/exports", json=body, headers=user.headers), status)

    assert refused(422, format="xlsx")["errors"][0]["loc"] == ["body", "format"]
    assert refused(422, limit=5)["errors"][0]["loc"] == ["body", "limit"]
    assert refused(422, start_time=stamp(hours=1), end_time=stamp())
    assert refused(422, sensor_type=["nothing"])
    refused(404, server_ulid=[foreign_server.ulid])


def test_an_export_is_in_the_audit_log(client: httpx.Client, system: System, user: User, filled: Server) -> None:
    job = export(client, user, server_ulid=[filled.ulid])
    with psycopg.connect(system.database_url) as connection:
        rows = connection.execute("SELECT action FROM audit_log WHERE target = %s", (job["job_id"],)).fetchall()
    assert rows == [("export.create",)]


def test_a_file_is_gone_after_a_day(client: httpx.Client, system: System, user: User, filled: Server) -> None:
    job = export(client, user, server_ulid=[filled.ulid])
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE job SET finished_at = now() - interval '25 hours' WHERE job_ulid = %s", (job["job_id"],)
        )
    problem = assert_problem(fetched(client, user, job), 404)
    assert problem["type"].endswith("export-gone")


def test_a_workspace_without_readings_exports_an_empty_file(client: httpx.Client, new_user: NewUser) -> None:
    user = new_user()
    job = export(client, user, format="ndjson")
    assert fetched(client, user, job).content == b""
    assert job["result"]["rows"] == 0
