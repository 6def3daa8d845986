"""`POST /exports`: what `GET /data` answers, in a file that is kept for a day."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pyarrow.parquet as pq
import pytest

from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import bearer, new_key, post_many, stamp, unique
from tests.contract.problems import assert_problem
from tests.faults.processes import WORKER, get
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


def test_a_link_reaches_the_file_of_any_workspace_of_mine(
    client: httpx.Client, new_user: NewUser, stranger: User
) -> None:
    person = new_user()
    own = client.post("/workspaces", json={"name": unique("farm")}, headers=person.headers).json()["workspace_ulid"]
    there = replace(person, headers={**person.headers, "Sentinela-Workspace": own})
    job = export(client, there)
    file = job["result"]["file"]
    assert_problem(client.get(file, headers=person.headers), 404)
    link = client.get(f"/workspaces/{own}{file}", headers=person.headers)
    assert link.content == fetched(client, there, job).content
    assert link.headers["content-disposition"] == fetched(client, there, job).headers["content-disposition"]
    assert_problem(client.get(f"/workspaces/{own}{file}", headers=stranger.headers), 404)


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


class Peak(threading.Thread):
    """The most memory that the worker's processes held together, beyond what they held before."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        self._worker = get(system, WORKER)
        self._stopped = threading.Event()
        self._before = self._now()
        self.growth = 0

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            self.growth = max(self.growth, self._now() - self._before)

    def stop(self) -> int:
        self._stopped.set()
        self.join()
        return self.growth

    def _now(self) -> int:
        return sum(process.memory_info().rss for process in [self._worker, *self._worker.children(recursive=True)])


def batches(server: Server, rows: int, size: int = 100_000) -> Iterator[str]:
    """CSV of one reading a second from START on."""
    for first in range(0, rows, size):
        lines = (f"{server.ulid},{stamp(seconds=n)},{n % 1000 / 10}" for n in range(first, min(first + size, rows)))
        yield "server_ulid,timestamp,temperature\n" + "\n".join(lines) + "\n"


@pytest.mark.timeout(1800)
def test_a_large_export_takes_constant_memory(
    client: httpx.Client, system: System, user: User, new_server: NewServer, long_run: bool
) -> None:
    rows, server = ROWS_LONG if long_run else ROWS, new_server(user)
    for body in batches(server, rows):
        headers = {**user.headers, "Content-Type": "text/csv"}
        assert client.post("/data", content=body, headers=headers, timeout=120).json()["accepted"] > 0
    peak = Peak(system)
    peak.start()
    job = export(client, user, seconds=1200, format="csv", server_ulid=[server.ulid])
    assert peak.stop() < GROWTH_BYTES
    assert job["result"]["rows"] == rows
    count = 0
    with client.stream("GET", job["result"]["file"], headers=user.headers) as file:
        for piece in file.iter_bytes():
            count += piece.count(b"\n")
    assert count == rows + 1
    if long_run:
        queued = client.post("/exports", json={"server_ulid": [server.ulid]}, headers=user.headers).json()
        path = f"/jobs/{queued['job_id']}"
        while client.get(path, headers=user.headers).json()["state"] == "queued":
            time.sleep(0.05)
        client.post(f"{path}/cancel", headers=user.headers).raise_for_status()
        deadline = time.monotonic() + 10
        while client.get(path, headers=user.headers).json()["state"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert client.get(path, headers=user.headers).json()["state"] == "cancelled"
        assert list((system.data_dir / "exports").glob(f"{queued['job_id']}*")) == []


def test_a_workspace_without_readings_exports_an_empty_file(client: httpx.Client, new_user: NewUser) -> None:
    user = new_user()
    job = export(client, user, format="ndjson")
    assert fetched(client, user, job).content == b""
    assert job["result"]["rows"] == 0
