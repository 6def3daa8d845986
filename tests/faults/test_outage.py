"""The platform is away for longer than a server's limit: nobody was offline, and no rule says so."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import Server
from tests.contract.calls import Row, unique
from tests.faults import processes
from tests.faults.processes import POSTGRES, until
from tests.system import System

LIMIT_SECONDS = 3
AWAY_SECONDS = 8.0
# The watcher sees new rules each two seconds and presence each half: in so long it would have said what it has to say.
JUDGED_SECONDS = 4.0


@contextmanager
def sending(own: System, server: Server) -> Iterator[None]:
    """The server sends five times a second, and tries again whatever it is told."""
    stop = threading.Event()

    def send() -> None:
        with httpx.Client(base_url=own.url, headers=server.headers, timeout=1, trust_env=False) as client:
            while not stop.wait(0.2):
                try:
                    client.post("/data", json={"server_ulid": server.ulid, "temperature": 1})
                except httpx.HTTPError:
                    continue

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.long
def test_an_outage_of_the_platform_opens_no_incident(own: System, admin: httpx.Client, server: Server) -> None:
    limit = {"offline_after_seconds": LIMIT_SECONDS}
    admin.patch(f"/servers/{server.ulid}", json=limit).raise_for_status()
    body = {"name": unique("silent"), "condition": {"kind": "offline"}, "server_ulids": [server.ulid]}
    rule = admin.post("/rules", json=body).raise_for_status().json()["rule_id"]

    def history() -> list[Row]:
        rows: list[Row] = admin.get(f"/servers/{server.ulid}/presence").raise_for_status().json()
        return rows

    def incidents() -> list[Row]:
        rows: list[Row] = admin.get("/incidents", params={"rule_id": rule}).raise_for_status().json()
        return rows

    def online() -> bool:
        answer = admin.get(f"/health/{server.ulid}")
        return answer.status_code == 200 and answer.json()["status"] == "online"

    with sending(own, server):
        until(lambda: [row["status"] for row in history()] == ["online"], own)
        with processes.frozen(processes.get(own, POSTGRES)):
            for backend in processes.below(processes.get(own, POSTGRES)):
                backend.kill()
            time.sleep(AWAY_SECONDS)
        until(online, own)
        time.sleep(JUDGED_SECONDS)
        (interval,) = history()
        assert interval["status"] == "online", "it is the interval of before"
        assert interval["platform_outage_seconds"] >= AWAY_SECONDS - LIMIT_SECONDS
        assert incidents() == []
    until(lambda: [row["state"] for row in incidents()] == ["open"], own)
    assert [row["status"] for row in history()] == ["offline", "online"]
