"""A receiver that fails half the time, workers that are killed: every notification arrives."""

import os
import time

import httpx
import psycopg

from tests.alerts.receiver import running
from tests.faults import processes
from tests.faults.processes import WORKER, until
from tests.system import System

COUNT = 1000 if os.environ.get("SENTINELA_TEST_LONG") == "1" else 300
KILLS = 3
# A thousand took 75 s with the restarts of the worker.
DONE_SECONDS = 140.0
ADD = """
    INSERT INTO notification (notification_ulid, workspace_id, channel_id, event, body, state)
    SELECT channel_ulid || '-' || n, workspace_id, channel_id, 'channel.test', jsonb_build_object('n', n), 'queued'
    FROM channel, generate_series(1, %s) AS n WHERE channel_ulid = %s
"""
# Waits grow to an hour and a lost claim takes a minute; the test has neither. A row that is just being delivered may so
# be delivered twice, which at-least-once allows.
HURRY = "UPDATE notification SET next_at = now() WHERE state = 'queued' AND attempts < 20 AND next_at > now()"
# Many times what a batch takes, so that nearly all of what is hurried is waiting and not on its way.
HURRY_SECONDS = 2.0
COUNTS = "SELECT state, count(*) FROM notification GROUP BY state"


def test_every_notification_arrives_by_its_one_id(own: System, admin: httpx.Client) -> None:
    with running() as receiver, psycopg.connect(own.database_url, autocommit=True) as connection:
        body = {"name": f"half-{time.monotonic_ns()}", "url": receiver.url("/half")}
        channel = admin.post("/channels", json=body).raise_for_status().json()["channel_id"]
        connection.execute(ADD, (COUNT, channel))
        for kill in range(KILLS):
            until(lambda least=kill: sum(receiver.taken.values()) > least * COUNT // 10, own)  # type: ignore[misc]
            processes.kill_family(processes.get(own, WORKER))
            until(lambda: processes.find(own, WORKER) is not None, own)
        assert sum(receiver.taken.values()) < COUNT, "the kills came in the middle"

        def all_arrived() -> bool:
            connection.execute(HURRY)
            time.sleep(HURRY_SECONDS)
            return dict(connection.execute(COUNTS).fetchall()) == {"delivered": COUNT}

        until(all_arrived, own, DONE_SECONDS)
        assert set(receiver.taken) == {f"{channel}-{n}" for n in range(1, COUNT + 1)}
        bodies = {came.headers["webhook-id"]: came.body["data"]["n"] for came in receiver.deliveries}
        assert all(ulid == f"{channel}-{n}" for ulid, n in bodies.items()), "an id names one thing"
        again = sum(receiver.taken.values()) - COUNT
        print(f"{len(receiver.deliveries)} attempts, {again} delivered more than once")
