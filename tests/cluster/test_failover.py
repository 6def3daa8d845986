"""The Redis of the queues fails over under load: no reading is refused for it, no job is lost, each is done once."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cluster.valkeys import Valkeys, primary_of, wait_until, watched_pair
from tests.conftest import Server
from tests.faults.load import Load, assert_all_there_once
from tests.system import System, scratch_folder

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

JOBS = 300
ROWS = 20
# Of the jobs, and so of the time, when the primary is killed.
KILLED_AT = 100
A_SECOND = 20

Pair = tuple[Valkeys, str]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with watched_pair(tmp_path) as found:
        yield found


@pytest.fixture
def behind_sentinels(pair: Pair) -> Iterator[System]:
    system = System(scratch_folder(), REDIS_URL=pair[1])
    try:
        yield system.start()
    finally:
        system.close()


@pytest.fixture
def admin(behind_sentinels: System) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {behind_sentinels.admin_key}"}
    with httpx.Client(base_url=behind_sentinels.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def server_of(admin: httpx.Client, name: str) -> Server:
    made = admin.post("/servers", json={"server_name": name}).raise_for_status().json()
    return Server(made["server_ulid"], name, made["device_key"], {"Authorization": f"Bearer {made['device_key']}"})


def file_of(server: Server, number: int) -> str:
    """Readings that are in no other file."""
    rows = (f"{server.ulid},2024-05-01T{number // 60:02}:{number % 60:02}:{row:02}Z,{number}.5" for row in range(ROWS))
    return "\n".join(("server_ulid,timestamp,temperature", *rows))


def test_no_task_is_lost_when_sentinels_choose_another_primary(
    behind_sentinels: System, pair: Pair, admin: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    valkeys, url = pair
    history, live = server_of(admin, "history"), server_of(admin, "live")
    first, jobs, begun = primary_of(url), [], time.monotonic()
    with Load(behind_sentinels, live) as load:
        for number in range(JOBS):
            time.sleep(max(0.0, begun + number / A_SECOND - time.monotonic()))
            if number == KILLED_AT:
                valkeys.kill(first)
            sent = admin.post("/imports", content=file_of(history, number), headers={"Content-Type": "text/csv"})
            assert sent.status_code == 202, sent.text
            jobs.append(sent.json()["job_id"])
        wait_until(lambda: ended(admin, jobs))
    assert primary_of(url) != first
    assert set(load.answers) == {201}, load.answers
    assert_all_there_once(admin, live, load)
    assert_each_was_done_once(admin, history, jobs)
    with capsys.disabled():
        took = time.monotonic() - begun - JOBS / A_SECOND
        print(f"\n{JOBS} jobs, all done {took:.0f} s after the last was sent; {len(load.acknowledged)} readings")


def ended(admin: httpx.Client, jobs: list[str]) -> bool:
    """The newest are looked at first, for they end last."""
    return all(state_of(admin, job)["state"] in ("done", "failed") for job in reversed(jobs))


def state_of(admin: httpx.Client, job: str) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/jobs/{job}").raise_for_status().json()
    return found


def assert_each_was_done_once(admin: httpx.Client, history: Server, jobs: list[str]) -> None:
    for job in jobs:
        found = state_of(admin, job)
        assert (found["state"], found["error"]) == ("done", None)
        assert (found["result"]["accepted"], found["result"]["duplicates"]) == (ROWS, 0)
    query = {"server_ulid": history.ulid, "aggregation": "1y", "function": "count"}
    (counted,) = admin.get("/data", params=query).raise_for_status().json()
    assert counted["temperature"] == JOBS * ROWS
