"""The demonstration: made once, by a command that may be killed at any point."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.cli.demo import SERVERS, history
from tests.system import System

DEADLINE_SECONDS = 60.0


def test_history_is_a_week_of_minutes_with_some_missing() -> None:
    end = 1_750_000_000.0
    rows = list(history(1, end))
    instants = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert 0.9 * 7 * 1440 < len(rows) < 7 * 1440
    assert instants == sorted(set(instants))
    assert timedelta(days=6.9) < instants[-1] - instants[0] < timedelta(days=7)
    assert 0 < end - instants[-1].timestamp() < 3600
    assert all(instant.second == 0 for instant in instants)
    assert list(history(1, end)) == rows


def run_demo(system: System) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo"],
        cwd=system.folder,
        env=system.environment | {"DATA_DIR": str(system.data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )


def facts(system: System) -> dict[str, Any]:
    file = system.data_dir / "demo.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return known


def test_demo_makes_a_user_with_servers_history_and_live_readings(system: System, client: httpx.Client) -> None:
    killed = run_demo(system)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not facts(system):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.kill()
    killed.communicate()

    again = run_demo(system)
    try:
        while not facts(system)["seeded"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        headers = log_in(client, facts(system))
        wait_for_live_readings(client, headers, deadline)
    finally:
        again.send_signal(signal.SIGTERM)
        said, _ = again.communicate(timeout=25)
    known = facts(system)
    assert f"{known['username']}, password {known['password']}: " in said
    assert (system.data_dir / "demo.json").stat().st_mode & 0o777 == 0o600
    servers = client.get("/servers", headers=headers).raise_for_status().json()
    assert sorted(server["server_name"] for server in servers) == [f"sim-{n:02d}" for n in range(1, SERVERS + 1)]
    for server in servers:
        params = {"server_ulid": server["server_ulid"], "aggregation": "day"}
        days = client.get("/data", params=params, headers=headers).raise_for_status().json()
        assert len(days) in (7, 8)
        assert all(10 < day["temperature"] < 45 for day in days)


def log_in(client: httpx.Client, known: dict[str, Any]) -> dict[str, str]:
    body = {"username": known["username"], "password": known["password"]}
    token = client.post("/auth/login", json=body).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def wait_for_live_readings(client: httpx.Client, headers: dict[str, str], deadline: float) -> None:
    """The history ends with the last full minute; what is newer than now has just been simulated."""
    now = datetime.now(UTC).isoformat()
    while not client.get("/data", params={"start_time": now}, headers=headers).raise_for_status().json():
        assert time.monotonic() < deadline
        time.sleep(0.2)
