"""Redis hangs or is dead: everything but the cache routes answers as ever, hardly slower, and nothing is lost."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import httpx
import pytest
import redis

from tests.conftest import Server
from tests.contract.calls import stamp
from tests.contract.problems import assert_problem
from tests.faults import processes
from tests.faults.processes import API, VALKEY, until
from tests.system import System

Away = Callable[[], AbstractContextManager[None]]
Row = dict[str, Any]

# Whoever finds the breaker closed waits 0.5 s for Redis; five times that, because test machines are slow and busy.
SLOWER_SECONDS = 2.5
# What an answer takes that does not wait for Redis at all, likewise.
USUAL_SECONDS = 0.5
# An upload may wait for the broker's own time-outs besides.
UPLOAD_SECONDS = 30.0
# The breaker asks again after 1 s; this long it is open and closed a few times.
OUTAGE_SECONDS = 3.5
COMPLAIN_SECONDS = 60.0
CLOSED = {"start_time": stamp(hours=-1), "end_time": stamp(hours=1)}


@pytest.fixture(params=["hangs", "is dead"])
def away(own: System, request: pytest.FixtureRequest) -> Away:
    return away_when(own, request.param)


def away_when(own: System, how: str) -> Away:
    """Valkey away for the time of a `with` block."""
    if how == "hangs":
        return lambda: processes.frozen(processes.get(own, VALKEY))
    return lambda: processes.dead(own, VALKEY, own.data_dir / "valkey" / "valkey.conf")


class Stopwatch:
    """A client that remembers how long each answer took, seconds."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.seconds: list[float] = []

    def get(self, path: str, **params: Any) -> Any:
        """The body of a 200."""
        response = self._timed(lambda: self._client.get(path, params=params))
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
        return response.json()

    def store(self, server: Server, **reading: Any) -> None:
        body = {"server_ulid": server.ulid, **reading}
        response = self._timed(lambda: self._client.post("/data", json=body))
        assert response.status_code == 201, f"{response.status_code} {response.text}"

    def _timed(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        begun = time.monotonic()
        response = request()
        self.seconds.append(time.monotonic() - begun)
        return response


def closed_range(client: Stopwatch, server: Server) -> list[float]:
    """The temperatures of a range that ended long ago, which is what the cache holds answers for."""
    return [row["temperature"] for row in client.get("/data", server_ulid=server.ulid, **CLOSED)]


def cached_answers(own: System) -> int:
    with redis.Redis.from_url(own.redis_url) as connection:
        return sum(1 for _ in connection.scan_iter("sentinela:query:*"))


def test_answers_stay_right_and_quick_and_nothing_stale_comes_back(
    own: System, admin: httpx.Client, server: Server, away: Away, works: Callable[[], bool]
) -> None:
    client = Stopwatch(admin)
    client.store(server, timestamp=stamp(), temperature=20.0)
    known = cached_answers(own)
    # Not at once when a process still holds off Redis for what the test before did to it.
    until(lambda: closed_range(client, server) == [20.0] and cached_answers(own) > known, own)
    client.seconds.clear()
    expected = [20.0]
    with away():
        for minute in range(1, 11):
            client.store(server, timestamp=stamp(minutes=minute), temperature=20.0 + minute)
            expected.append(20.0 + minute)
            assert closed_range(client, server) == expected
        mean = client.get("/data", server_ulid=server.ulid, aggregation="day", **CLOSED)
        assert [row["temperature"] for row in mean] == [25.0]
        assert client.get(f"/health/{server.ulid}")["status"] == "online"
        assert_cache_is_unavailable(admin)
    assert max(client.seconds) < SLOWER_SECONDS
    assert statistics.median(client.seconds) < USUAL_SECONDS
    until(works, own)
    assert closed_range(client, server) == expected


def assert_cache_is_unavailable(client: httpx.Client) -> None:
    """Both routes of the cache say that they cannot work now, and when to try again."""
    for response in (client.post("/cache/set", json={"key": "k", "value": 1}), client.get("/cache/get/k")):
        assert_problem(response, 503)
        assert int(response.headers["Retry-After"]) >= 1


def test_a_crowd_meets_no_error_while_redis_is_away(
    own: System, admin: httpx.Client, server: Server, away: Away
) -> None:
    def visit(number: int) -> float:
        client = Stopwatch(admin)
        client.store(server, timestamp=stamp(seconds=number), temperature=float(number))
        assert float(number) in closed_range(client, server)
        assert client.get(f"/health/{server.ulid}")["status"] == "online"
        return max(client.seconds)

    with away(), ThreadPoolExecutor(8) as crowd:
        assert max(crowd.map(visit, range(64))) < SLOWER_SECONDS
    assert sorted(closed_range(Stopwatch(admin), server)) == [float(number) for number in range(64)]


# The sweep that finds the job comes every ten seconds.
@pytest.mark.long
@pytest.mark.parametrize("how", ["is dead", "hangs"])
def test_an_import_is_taken_while_redis_is_away_and_runs_when_it_is_back(
    own: System, admin: httpx.Client, server: Server, how: str
) -> None:
    content = f"server_ulid,timestamp,temperature\n{server.ulid},{stamp()},21.5\n"
    with away_when(own, how)():
        begun = time.monotonic()
        response = admin.post("/imports", content=content, headers={"Content-Type": "text/csv"})
        assert time.monotonic() - begun < UPLOAD_SECONDS
        assert response.status_code == 202, response.text
        path = response.headers["Location"]
        assert admin.get(path).json()["state"] == "queued"
    until(lambda: admin.get(path).json()["state"] == "done", own)
    assert admin.get(path).json()["result"]["accepted"] == 1
    assert closed_range(Stopwatch(admin), server) == [21.5]


def test_each_process_complains_at_most_once_a_minute(own: System, admin: httpx.Client, server: Server) -> None:
    client = Stopwatch(admin)
    deadline = time.monotonic() + OUTAGE_SECONDS
    with processes.frozen(processes.get(own, VALKEY)):
        while time.monotonic() < deadline:
            closed_range(client, server)
    serving = processes.serving(processes.get(own, API))
    since = max(process.create_time() for process in serving)
    complaints = [moment for moment in moments_of(own, "redis_unavailable") if moment > since]
    assert complaints
    for moment in complaints:
        # The watcher, which tells of presence and incidents, complains as well.
        assert sum(moment <= other < moment + COMPLAIN_SECONDS for other in complaints) <= len(serving) + 1


def moments_of(own: System, event: str) -> Iterator[float]:
    """When lines of this event were logged, Unix seconds."""
    for line in own.output.read_text(errors="replace").splitlines():
        if f'"{event}"' in line:
            document = json.loads(line)
            assert document["event"] == event
            yield datetime.fromisoformat(document["timestamp"]).timestamp()
