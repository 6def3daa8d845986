"""A worker killed in mid-import: the job goes on after the restart, every row once, the receipt exact."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import Server
from tests.faults import processes
from tests.faults.processes import WORKER, until
from tests.system import System

# So young that they are stored as rows, a part at a time: some seconds of work, time enough to be killed in the middle.
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
ROWS = 400_000
FEWER_ROWS = 300_000
# A silent job is found after 30 s and by a sweep that comes every ten; then the rest of the rows.
DONE_SECONDS = 140.0

Row = dict[str, Any]


def instant(row: int) -> str:
    return (START + timedelta(milliseconds=2 * row)).isoformat().replace("+00:00", "Z")


def temperature(row: int) -> float:
    """A value that tells the row, exact in binary and in decimal."""
    return row / 8


class Import:
    """An import under way, as its owner sees it."""

    def __init__(self, system: System, admin: httpx.Client, server: Server, count: int) -> None:
        self._system = system
        self._admin = admin
        self._server = server
        self._count = count
        rows = (f"{server.ulid},{instant(row)},{temperature(row)}\n" for row in range(count))
        content = "server_ulid,timestamp,temperature\n" + "".join(rows)
        headers = {"Content-Type": "text/csv"}
        job = admin.post("/imports", content=content.encode(), headers=headers).raise_for_status().json()
        self._path = f"/jobs/{job['job_id']}"
        self.progress = 0.0

    def look(self) -> Row:
        """The job now; it may only have gone on since the last look."""
        job: Row = self._admin.get(self._path).raise_for_status().json()
        assert job["progress"] >= self.progress, "rows that were committed are imported again"
        self.progress = job["progress"]
        return job

    def until_begun(self) -> None:
        """Wait until the first slices are committed."""
        until(lambda: self.look()["progress"] > 0, self._system)

    def assert_interrupted(self) -> None:
        """The kill came in the middle: some rows are committed, others are not."""
        assert self.look()["state"] == "running"
        assert 0 < self.progress < 1

    def assert_finishes_whole(self) -> None:
        """It ends, the receipt is that of an undisturbed import, and the stored rows are those of the file."""
        until(lambda: self.look()["state"] in ("done", "failed"), self._system, DONE_SECONDS)
        job = self.look()
        assert (job["state"], job["error"], job["progress"]) == ("done", None, 1)
        counts = {"duplicates": 0, "updated": 0, "rejected_count": 0, "rejected": []}
        assert job["result"] == {"rows": self._count, "accepted": self._count, **counts}
        query = {"server_ulid": self._server.ulid}
        stored = self._admin.get("/data", params=query).raise_for_status().json()
        expected = [(instant(row), temperature(row)) for row in range(self._count)]
        assert [(row["timestamp"], row["temperature"]) for row in stored] == expected


# The broker gives a lost worker's task back after some 15 s.
@pytest.mark.long
def test_an_import_outlives_a_worker_that_is_killed_with_all_its_processes(
    own: System, admin: httpx.Client, server: Server
) -> None:
    job = Import(own, admin, server, ROWS)
    job.until_begun()
    processes.kill_family(processes.get(own, WORKER))
    job.assert_interrupted()
    job.assert_finishes_whole()


def test_an_import_outlives_the_one_process_that_runs_it(own: System, admin: httpx.Client, server: Server) -> None:
    worker = processes.get(own, WORKER)
    job = Import(own, admin, server, FEWER_ROWS)
    job.until_begun()
    for child in processes.below(worker):
        child.kill()
    job.assert_interrupted()
    job.assert_finishes_whole()
    assert processes.get(own, WORKER) == worker
