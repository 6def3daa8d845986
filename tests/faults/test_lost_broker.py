"""The broker is killed and has lost every message: what runs goes on, what waited is sent again, each done once."""

import httpx
import pytest
import redis

from tests.conftest import Server
from tests.faults import processes
from tests.faults.processes import VALKEY, until
from tests.faults.test_lost_worker import Import
from tests.system import System

ROWS = 200_000


@pytest.mark.long
def test_jobs_outlive_a_broker_that_forgets_them(own: System, admin: httpx.Client, server: Server) -> None:
    running = Import(own, admin, server, ROWS)
    running.until_begun()
    waiting = admin.post("/exports", json={"server_ulid": [server.ulid]}).raise_for_status().json()
    with redis.Redis.from_url(own.redis_url) as broker:
        broker.flushall()
    processes.get(own, VALKEY).kill()
    until(lambda: processes.find(own, VALKEY) is not None, own)
    running.assert_finishes_whole()

    def state() -> str:
        return str(admin.get(f"/jobs/{waiting['job_id']}").raise_for_status().json()["state"])

    until(lambda: state() in ("done", "failed"), own, 140.0)
    assert state() == "done"
