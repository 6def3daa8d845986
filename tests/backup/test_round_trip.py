"""A backup taken while readings come in, restored elsewhere, is that moment: sums of every server tell."""

import json
import stat
import time
from pathlib import Path
from typing import Any

import httpx

from tests.backup.conftest import Command
from tests.conftest import NewServer, NewUser, User
from tests.contract.calls import stamp
from tests.faults.load import Load
from tests.system import System

SECONDS_OF_LOAD = 1.0


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def seal_history(user: User, client: httpx.Client, admin: httpx.Client, ulid: str) -> None:
    """Two hours of one server, sealed, with a late row of the second one."""
    rows = [{"server_ulid": ulid, "timestamp": stamp(seconds=n), "temperature": n / 8} for n in range(0, 7200, 20)]
    client.post("/data", json=rows, headers=user.headers).raise_for_status()
    job = admin.post("/maintenance/seal", params={"lag_minutes": 0}).raise_for_status().json()
    while admin.get(f"/jobs/{job['job_id']}").json()["state"] not in ("done", "failed"):
        time.sleep(0.1)
    late = {"server_ulid": ulid, "timestamp": stamp(seconds=3605), "pressure": 1013.25}
    client.post("/data", json=late, headers=user.headers).raise_for_status()


def scratch_of(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    folder.chmod(0o711)
    (folder / ".env").touch()
    return folder


def values(client: httpx.Client, ulid: str, headers: dict[str, str]) -> dict[str, Any]:
    rows = client.get("/data", params={"server_ulid": ulid}, headers=headers).raise_for_status().json()
    return {row["timestamp"]: row for row in rows}


def test_a_backup_under_live_ingest_restores_to_the_same_sums_of_every_server(
    system: System,
    client: httpx.Client,
    admin: httpx.Client,
    new_user: NewUser,
    new_server: NewServer,
    sentinela: Command,
    scratch: Path,
) -> None:
    user = new_user()
    steady, busy = new_server(user), new_server(user)
    seal_history(user, client, admin, steady.ulid)
    before = values(client, steady.ulid, user.headers)
    with Load(system, busy) as load:
        time.sleep(SECONDS_OF_LOAD)
        earlier = {str(row["timestamp"]) for row in list(load.acknowledged)}
        saved = sentinela("backup", scratch / "moment", "--data-dir", system.data_dir)
        time.sleep(SECONDS_OF_LOAD)
    assert saved.code == 0, saved.err
    assert set(load.answers) == {201}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (scratch / "moment").rglob("*")} == {0o600, 0o700}

    elsewhere = System(scratch_of(scratch, "elsewhere"))
    restored = sentinela("restore", scratch / "moment", "--data-dir", elsewhere.data_dir)
    assert restored.code == 0, restored.err
    elsewhere.start()
    try:
        again = sentinela("backup", scratch / "again", "--data-dir", elsewhere.data_dir)
        assert again.code == 0, again.err
        first, second = manifest(scratch / "moment"), manifest(scratch / "again")
        assert first["servers"] == second["servers"]
        assert {server["server_ulid"] for server in first["servers"]} >= {steady.ulid, busy.ulid}
        with httpx.Client(base_url=elsewhere.url, timeout=30, trust_env=False) as there:
            # The same session, signed with the same key; the device's key and the administrator's are the same, too.
            assert values(there, steady.ulid, user.headers) == before
            stored = values(there, busy.ulid, user.headers)
            assert earlier <= stored.keys() <= {str(row["timestamp"]) for row in load.acknowledged}
            one = {"server_ulid": busy.ulid, "temperature": 1}
            assert there.post("/data", json=one, headers=busy.headers).status_code == 201
        assert elsewhere.admin_key == system.admin_key
    finally:
        elsewhere.close()
