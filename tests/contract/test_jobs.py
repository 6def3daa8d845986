"""Jobs: listed in pages, cancelled, tried again, with an owner and a log."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.core.db import Database
from app.jobs import service
from tests.conftest import NewUser, Server, User
from tests.contract.calls import Row, bearer, new_key, stamp
from tests.contract.problems import assert_problem, assert_refused
from tests.contract.test_imports import csv_of, finished, receipt_of, upload
from tests.database import database as database
from tests.workspaces import workspace_of

# So young that they are stored as rows, a part at a time: some three seconds of work, time enough to be stopped.
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
ROWS = 200_000
# Ten times what a slice takes on a busy machine.
STOPS_WITHIN = 30.0


def jobs_of(client: httpx.Client, user: User, **filters: str | list[str] | int) -> list[Row]:
    response = client.get("/jobs", params=filters, headers=user.headers)
    assert response.status_code == 200, response.text
    rows: list[Row] = response.json()
    return rows


def log_of(client: httpx.Client, user: User, job_id: str) -> list[str]:
    response = client.get(f"/jobs/{job_id}/log", headers=user.headers)
    assert response.status_code == 200, response.text
    return [line["event"] for line in response.json()]


def control(client: httpx.Client, user: User, job_id: str, verb: str) -> httpx.Response:
    return client.post(f"/jobs/{job_id}/{verb}", headers=user.headers)


def long_file(server: Server) -> str:
    rows = (f"{server.ulid},{(START + timedelta(milliseconds=5 * n)).isoformat()},{n / 8}\n" for n in range(ROWS))
    return "server_ulid,timestamp,temperature\n" + "".join(rows)


async def queued(database: Database, client: httpx.Client, user: User) -> str:
    """A job that no worker knows of yet."""
    workspace_id = await workspace_of(database, client, user)
    async with database.write(workspace_id) as session:
        job = await service.create(session, workspace_id, service.new_job_id(), "import", {"path": "/"}, "")
    return job.job_id


def test_jobs_are_listed_newest_first_with_their_owner(client: httpx.Client, newcomer: User, server: Server) -> None:
    for _ in range(3):
        receipt_of(client, newcomer, csv_of(server, f"{stamp()},1,50"))
    rows = jobs_of(client, newcomer)
    assert [row["job_id"] for row in rows] == sorted((row["job_id"] for row in rows), reverse=True)
    assert len(rows) == 3
    owner = {"kind": "user", "id": newcomer.id, "name": newcomer.username}
    assert [row["owner"] for row in rows] == [owner] * 3


def test_the_list_comes_in_pages(client: httpx.Client, newcomer: User, server: Server) -> None:
    made = [receipt_of(client, newcomer, csv_of(server, f"{stamp()},1,50")) for _ in range(5)]
    seen: list[str] = []
    response = client.get("/jobs", params={"limit": 2}, headers=newcomer.headers)
    while True:
        seen += [row["job_id"] for row in response.json()]
        if "next" not in response.links:
            break
        response = client.get(response.links["next"]["url"], headers=newcomer.headers)
    assert seen == [row["job_id"] for row in jobs_of(client, newcomer)]
    assert len(seen) == len(made)


def test_the_list_is_filtered_by_kind_and_state(client: httpx.Client, newcomer: User, server: Server) -> None:
    receipt_of(client, newcomer, csv_of(server, f"{stamp()},1,50"))
    broken = upload(client, newcomer, b"node,when\n1,2\n").json()["job_id"]
    assert finished(client, newcomer, broken)["state"] == "failed"
    assert [row["job_id"] for row in jobs_of(client, newcomer, state="failed")] == [broken]
    assert len(jobs_of(client, newcomer, state=["failed", "done"], kind="import")) == 2
    assert jobs_of(client, newcomer, kind="export") == []
    response = client.get("/jobs", params={"state": "lost"}, headers=newcomer.headers)
    assert_refused(response, "state")
    assert_refused(client.get("/jobs", params={"kind": "DROP TABLE"}, headers=newcomer.headers), "kind")
    assert_refused(client.get("/jobs", params={"cursor": "x"}, headers=newcomer.headers), "cursor")


def test_jobs_of_another_workspace_are_not_there(
    client: httpx.Client, user: User, server: Server, newcomer: User
) -> None:
    receipt_of(client, user, csv_of(server, f"{stamp()},1,50"))
    theirs = jobs_of(client, user)[0]["job_id"]
    assert jobs_of(client, newcomer) == []
    assert_problem(client.get(f"/jobs/{theirs}/log", headers=newcomer.headers), 404)
    for verb in ("cancel", "retry"):
        assert_problem(control(client, newcomer, theirs, verb), 404)


def test_the_log_tells_the_story(client: httpx.Client, user: User, server: Server) -> None:
    receipt_of(client, user, csv_of(server, f"{stamp()},1,50"))
    assert log_of(client, user, jobs_of(client, user)[0]["job_id"]) == ["queued", "begun", "done"]


async def test_a_queued_job_is_cancelled_at_once(database: Database, client: httpx.Client, user: User) -> None:
    job_id = await queued(database, client, user)
    for _ in range(2):
        job = control(client, user, job_id, "cancel").raise_for_status().json()
        assert (job["state"], job["cancel_requested"]) == ("cancelled", True)
    assert log_of(client, user, job_id) == ["queued", "cancel_requested", "cancelled"]
    async with service.hold(database, job_id) as held:
        assert held is None, "no worker takes it any more"


def test_a_running_job_stops_and_what_it_committed_stays_and_is_counted(
    client: httpx.Client, user: User, server: Server
) -> None:
    job_id = upload(client, user, long_file(server)).json()["job_id"]
    while client.get(f"/jobs/{job_id}", headers=user.headers).json()["progress"] == 0:
        time.sleep(0.02)
    assert control(client, user, job_id, "cancel").status_code == 200
    job = ended(client, user, job_id)
    assert (job["state"], job["error"]) == ("cancelled", None)
    assert 0 < job["result"]["accepted"] < ROWS
    assert stored(client, user, server) == job["result"]["accepted"]
    assert control(client, user, job_id, "retry").status_code == 202
    job = ended(client, user, job_id)
    assert job["state"] == "done"
    assert (job["result"]["accepted"], job["result"]["duplicates"]) == (ROWS, 0), "it went on where it stopped"
    assert stored(client, user, server) == ROWS
    events = log_of(client, user, job_id)
    assert events == ["queued", "begun", "cancel_requested", "cancelled", "retried", "begun", "done"]


def test_what_has_ended_is_not_cancelled_and_what_is_well_is_not_retried(
    client: httpx.Client, user: User, server: Server
) -> None:
    receipt_of(client, user, csv_of(server, f"{stamp()},1,50"))
    job_id = jobs_of(client, user)[0]["job_id"]
    for verb in ("cancel", "retry"):
        assert "done" in assert_problem(control(client, user, job_id, verb), 409)["detail"]


def test_a_deletion_goes_on_to_its_end(client: httpx.Client, user: User, server: Server) -> None:
    job_id = client.delete(f"/servers/{server.ulid}", headers=user.headers).raise_for_status().json()["job_id"]
    assert_problem(control(client, user, job_id, "cancel"), 409)
    assert ended(client, user, job_id)["state"] == "done"


def test_a_failed_job_is_tried_again(client: httpx.Client, user: User) -> None:
    job_id = upload(client, user, b"node,when\n1,2\n").json()["job_id"]
    reason = finished(client, user, job_id)["error"]
    answer = control(client, user, job_id, "retry")
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["error"]) == ("queued", None)
    assert ended(client, user, job_id)["error"] == reason
    assert log_of(client, user, job_id) == ["queued", "begun", "failed", "retried", "begun", "failed"]


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_whoever_only_reads_changes_no_job(client: httpx.Client, user: User, verb: str) -> None:
    job_id = upload(client, user, b"node,when\n1,2\n").json()["job_id"]
    key = new_key(client, user, scopes=["read"])["key"]
    assert_problem(client.post(f"/jobs/{job_id}/{verb}", headers=bearer(key)), 403)


async def test_whoever_may_not_delete_does_not_by_trying_again(
    database: Database, client: httpx.Client, newcomer: User
) -> None:
    workspace_id = await workspace_of(database, client, newcomer)
    nothing = {"server": 0, "start": 0, "end": 1, "quantity": None}
    async with database.write(workspace_id) as session:
        job_id = service.new_job_id()
        await service.create(session, workspace_id, job_id, "data_deletion", nothing, "")
    control(client, newcomer, job_id, "cancel").raise_for_status()
    operator = new_key(client, newcomer, scopes=["read", "write"])["key"]
    assert_problem(client.post(f"/jobs/{job_id}/retry", headers=bearer(operator)), 403)
    assert client.get(f"/jobs/{job_id}", headers=newcomer.headers).json()["state"] == "cancelled"
    assert control(client, newcomer, job_id, "retry").status_code == 202


async def test_the_owner_of_a_key_s_job_is_the_key(
    client: httpx.Client, newcomer: User, new_user: NewUser, server: Server
) -> None:
    key = new_key(client, newcomer, scopes=["write"])
    headers = {**bearer(key["key"]), "Content-Type": "text/csv"}
    job = client.post("/imports", content=csv_of(server, f"{stamp()},1,50"), headers=headers).json()
    assert (job["owner"]["kind"], job["owner"]["name"]) == ("api_key", key["name"])


def ended(client: httpx.Client, user: User, job_id: str) -> Row:
    deadline = time.monotonic() + STOPS_WITHIN
    while True:
        job: Row = client.get(f"/jobs/{job_id}", headers=user.headers).json()
        if job["state"] not in ("queued", "running"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.05)


def stored(client: httpx.Client, user: User, server: Server) -> int:
    return len(client.get("/data", params={"server_ulid": server.ulid}, headers=user.headers).json())
