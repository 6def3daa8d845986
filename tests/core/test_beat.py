"""Two beats: each entry is sent once an interval, and when one of them dies the other goes on in time."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from app.worker import app
from tests.database import empty_database as empty_database
from tests.database import own_database as own_database
from tests.presence.test_leading import TAKES_OVER_SECONDS, until
from tests.system import System, clean_environment, scratch_folder

ENTRY = "deliver notifications"
INTERVAL = timedelta(seconds=app.conf.beat_schedule[ENTRY]["schedule"])
HOURLY = {entry["task"] for entry in app.conf.beat_schedule.values() if entry["schedule"] >= 3600.0}


def test_nothing_piles_up_while_workers_are_busy_or_away() -> None:
    for name, entry in app.conf.beat_schedule.items():
        assert 0 < entry["options"]["expires"] <= min(entry["schedule"], 3600.0), name


class Beats:
    """Two beats on a database and queues of their own, and what they have sent."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._database_url = database_url
        self._queues = redis.Redis.from_url(redis_url)
        self._queues.flushdb()
        folder = scratch_folder()
        environment = clean_environment(DATABASE_URL=database_url, REDIS_URL=redis_url, DATA_DIR=str(folder))
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "app.worker", "beat", "--pidfile", ""]
        with (folder / "beats.log").open("wb") as output:
            self.processes = [
                subprocess.Popen(command, env=environment, stdout=output, stderr=output) for _ in range(2)
            ]

    def sent(self) -> Counter[str]:
        """How often each task waits in the queues."""
        messages = [
            json.loads(message)
            for queue in ("default", "bulk", "notify")
            for message in self._queues.lrange(f"sentinela:queue:{queue}", 0, -1)
        ]
        return Counter(message["headers"]["task"] for message in messages)

    def last_run(self) -> datetime | None:
        """When the entry was sent last."""
        statement = "SELECT last_run_at FROM beat_run WHERE name = %s AND isfinite(last_run_at)"
        with psycopg.connect(self._database_url) as connection:
            row = connection.execute(statement, (ENTRY,)).fetchone()
        return row[0] if row else None

    def next_run(self) -> datetime:
        """Wait for the entry to be sent once more."""
        before = self.last_run()
        until(lambda: self.last_run() != before, TAKES_OVER_SECONDS)
        found = self.last_run()
        assert found
        return found

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self._queues.flushdb()
        self._queues.close()


@pytest.fixture
def beats(system: System, own_database: str) -> Iterator[Beats]:
    """On Redis' second database, where no worker listens."""
    made = Beats(own_database, make_url(system.redis_url).set(database="1").render_as_string(hide_password=False))
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("blow", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.long)])
def test_two_beats_send_each_task_once_and_one_goes_on_alone(beats: Beats, blow: signal.Signals) -> None:
    runs = [beats.next_run()]
    until(lambda: beats.last_run() and beats.sent().total() >= len(app.conf.beat_schedule))
    runs.append(beats.next_run())
    before = time.monotonic()
    beats.processes[0].send_signal(blow)
    runs.append(beats.next_run())
    print(f"sent {time.monotonic() - before:.1f} s after one of two beats had got signal {blow.name}")
    runs.append(beats.next_run())
    pauses = [after - before for before, after in pairwise(runs)]
    assert min(pauses) >= INTERVAL
    until(lambda: beats.sent()["alerts.deliver"] >= len(runs))
    assert beats.sent()["alerts.deliver"] - len(runs) in (0, 1), "one message a run; the next may just have come"
    assert {task: beats.sent()[task] for task in HOURLY} == dict.fromkeys(HOURLY, 1)
