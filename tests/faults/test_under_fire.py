"""Single readings, a thousand a second, while processes die: each is told the truth, and none is lost or doubled."""

import os
import random
import secrets
import signal
import time

import httpx
import pytest

from tests.cli.faulty_proxy import FaultyProxy
from tests.conftest import Server
from tests.contract.calls import stamp
from tests.faults import processes
from tests.faults.load import CONNECTIONS, RATE, Load, assert_all_there_once
from tests.faults.processes import API, POSTGRES, RECOVERY_SECONDS, until
from tests.system import System

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
KILLS = 20 if LONG else 2
RESTARTS = 5 if LONG else 1
LOSSY = 1000 if LONG else 100
RESENDS = 5


def flows(system: System, load: Load) -> None:
    """Wait for as many acknowledgements as are due in half a second."""
    before = len(load.acknowledged)
    until(lambda: len(load.acknowledged) >= before + RATE // 2, system)


@pytest.mark.timeout(KILLS * RECOVERY_SECONDS + 120)
def test_api_processes_killed_at_any_moment_lose_no_acknowledged_reading(
    own: System, admin: httpx.Client, server: Server
) -> None:
    seed = secrets.randbelow(2**32)
    chance = random.Random(seed)
    with Load(own, server) as load:
        for _ in range(KILLS):
            flows(own, load)
            time.sleep(chance.random())
            api = processes.get(own, API)
            before = processes.serving(api)
            chance.choice(before).kill()
            until(lambda api=api, before=before: len(set(processes.serving(api)) - set(before)) == 1, own)  # type: ignore[misc]
        flows(own, load)
    assert set(load.answers) <= {201, 0}
    assert load.answers[0] > 0, "nobody was hit"
    assert_all_there_once(admin, server, load)


@pytest.mark.timeout(RESTARTS * RECOVERY_SECONDS + 120)
def test_a_database_restarted_at_once_is_told_by_503_and_loses_no_acknowledged_reading(
    own: System, admin: httpx.Client, server: Server
) -> None:
    """SIGQUIT is what `pg_ctl restart -m immediate` sends; the start that follows is the supervisor's."""
    with Load(own, server) as load:
        for _ in range(RESTARTS):
            flows(own, load)
            postmaster = processes.get(own, POSTGRES)
            postmaster.send_signal(signal.SIGQUIT)
            until(lambda gone=postmaster: processes.find(own, POSTGRES) not in (None, gone), own)  # type: ignore[misc]
            flows(own, load)
    assert set(load.answers) == {201, 503}
    assert_all_there_once(admin, server, load)


def test_an_api_that_ends_answers_what_it_has_accepted(own: System, admin: httpx.Client, server: Server) -> None:
    with Load(own, server) as load:
        flows(own, load)
        for process in processes.serving(processes.get(own, API)):
            process.terminate()
            flows(own, load)
    # A connection that ends between two requests is opened anew; each process had at most all of them.
    assert set(load.answers) <= {201, 0}
    assert load.answers[0] <= 2 * CONNECTIONS
    assert_all_there_once(admin, server, load)


def test_answers_lost_behind_the_commit_and_sent_again_leave_one_reading_each(
    own: System, admin: httpx.Client, server: Server
) -> None:
    chance = random.Random(7)
    with FaultyProxy(own.url, "POST /data") as proxy, httpx.Client(base_url=proxy.url, trust_env=False) as client:
        proxy.faults = [chance.choices(["lost answer", ""], [3, 7])[0] for _ in range(LOSSY * (RESENDS + 1))]
        answered = [_sent(client, server, number) for number in range(LOSSY)]
    rows = admin.get("/data", params={"server_ulid": server.ulid}).raise_for_status().json()
    # All are stored, also those whose every answer was lost.
    assert [row["temperature"] for row in rows] == [float(number) for number in range(LOSSY)]
    assert sum(answered) >= LOSSY * 0.9


def _sent(client: httpx.Client, server: Server, number: int) -> bool:
    """Whether one of up to six tries was answered."""
    body = {"server_ulid": server.ulid, "timestamp": stamp(seconds=number), "temperature": float(number)}
    for _ in range(RESENDS + 1):
        try:
            response = client.post("/data", json=body, headers=server.headers)
        except httpx.TransportError:
            continue
        assert response.status_code == 201
        assert response.json()["temperature"] == number
        return True
    return False
