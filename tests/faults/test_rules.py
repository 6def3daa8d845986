"""A watcher that is killed while a rule's condition holds: the time that had passed counts."""

import time
from typing import Any

import httpx

from tests.conftest import Server
from tests.contract.calls import moment, unique
from tests.faults import processes
from tests.faults.processes import WATCHER, until
from tests.system import System

HOLD_SECONDS = 6.0


def test_a_hold_goes_on_over_the_death_of_the_watcher(own: System, admin: httpx.Client, server: Server) -> None:
    condition = {"kind": "threshold", "quantity": "humidity", "above": 60, "hold_seconds": HOLD_SECONDS}
    rate = {"kind": "rate", "quantity": "humidity", "above": 1, "per": "second", "window_seconds": 4}
    rules = {
        name: admin.post(
            "/rules", json={"name": unique(name), "condition": each, "server_ulids": [server.ulid]}
        ).raise_for_status().json()["rule_id"]
        for name, each in {"hold": condition, "rate": rate}.items()
    }  # fmt: skip
    time.sleep(3)

    def send(humidity: float) -> str:
        body = {"server_ulid": server.ulid, "humidity": humidity}
        stored = httpx.post(f"{own.url}/data", json=body, headers=server.headers, trust_env=False)
        return str(stored.raise_for_status().json()["timestamp"])

    def found(name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = admin.get("/incidents", params={"rule_id": rules[name]}).raise_for_status().json()
        return rows

    first = send(70)
    time.sleep(1.5)
    send(70)
    processes.get(own, WATCHER).kill()
    for _ in range(2):
        time.sleep(1)
        send(70)
    until(lambda: processes.find(own, WATCHER) is not None, own)
    while not found("hold"):
        time.sleep(0.5)
        last = send(70)
        assert (moment(last) - moment(first)).total_seconds() < processes.RECOVERY_SECONDS
    (incident,) = found("hold")
    assert incident["why"]["since"] == first
    assert HOLD_SECONDS <= incident["why"]["held_seconds"] < HOLD_SECONDS + 2, "not from the restart on"
    send(90)
    until(lambda: found("rate"), own)
    assert len(found("hold")) == 1
