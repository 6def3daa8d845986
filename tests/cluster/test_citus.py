"""The application on a real Citus answers as on one PostgreSQL."""

import time
from typing import Any, LiteralString

import httpx

from app.core.copy import Connection
from app.core.db import Database
from app.core.settings import Settings
from tests.cluster.citus import citus_or_skip, distributed
from tests.cluster.story import SECOND, new_workspace
from tests.cluster.test_forms import told_of
from tests.contract.calls import bearer, stamp, unique
from tests.database import empty_database as empty_database
from tests.database import own_database as own_database
from tests.readings.storage import new_servers
from tests.system import System, scratch_folder

# Only to end a hang.
JOB_SECONDS = 300.0


async def test_all_that_is_done_with_readings_is_done_on_citus_too(own_database: str) -> None:
    url = distributed(citus_or_skip("the application on distributed tables"))
    now = time.time_ns() // 1000 // SECOND * SECOND
    _, usual = await told_of(own_database, now)
    nature, spread = await told_of(url, now)
    assert nature.is_spread
    for name, answer in usual.items():
        assert spread[name] == answer, name


async def test_a_question_reads_each_node_in_one_state() -> None:
    """What is committed on a node meanwhile is not seen by a transaction that has read there, in whatever table."""
    database = Database(
        Settings(_env_file=None, database_url=distributed(citus_or_skip("the state that a question reads")))
    )
    servers = await new_servers(database, await new_workspace(database), 8)
    count = "SELECT count(*) FROM server_history WHERE server_id = ANY(%s)"
    kinds = "SELECT count(*) FROM server_quantity WHERE server_id = ANY(%s)"
    async with await database.connect() as other, database.snapshot(1) as question:
        assert await number(question, count, servers) == 0
        for server in servers:
            await other.execute("INSERT INTO server_history (server_id, version) VALUES (%s, 1)", [server])
            await other.execute("INSERT INTO server_quantity (server_id, name) VALUES (%s, 'ph')", [server])
        assert [await number(question, each, servers) for each in (count, kinds)] == [0, 0]
        assert [await number(other, each, servers) for each in (count, kinds)] == [8, 8]
    await database.close()


async def number(connection: Connection, statement: LiteralString, servers: list[int]) -> int:
    row = await (await connection.execute(statement, [servers])).fetchone()
    assert row
    return int(row[0])


def test_a_running_system_serves_on_citus() -> None:
    """Sent twice, imported, asked, sealed, exported, deleted: by its API, with its workers, beat and watcher."""
    url = distributed(citus_or_skip("a running system on distributed tables"))
    system = System(scratch_folder(), DATABASE_URL=url)
    try:
        system.start()
        with httpx.Client(base_url=system.url, timeout=60, headers=bearer(system.admin_key)) as client:
            _serve(client)
        assert system.leaks() == []
    finally:
        system.close()


def _serve(client: httpx.Client) -> None:
    servers = [done(client.post("/servers", json={"server_name": unique("citus")}))["server_ulid"] for _ in range(6)]
    readings = [
        {"server_ulid": ulid, "timestamp": stamp(minutes=minute), "temperature": place + minute / 8}
        for place, ulid in enumerate(servers)
        for minute in range(90)
    ]
    assert done(client.post("/data", json=readings))["accepted"] == 540
    assert done(client.post("/data", json=readings))["duplicates"] == 540
    text = "".join(f"{servers[0]},{stamp(hours=5, minutes=minute)},{minute}\n" for minute in range(60))
    imported = client.post(
        "/imports", content=f"server_ulid,timestamp,humidity\n{text}", headers={"Content-Type": "text/csv"}
    )
    assert ended(client, imported)["result"]["accepted"] == 60
    before = _answers(client, servers)
    ended(client, client.post("/maintenance/seal"))
    assert _answers(client, servers) == before
    assert before[0][0]["temperature_count"] == 90
    export = ended(client, client.post("/exports", json={"format": "csv", "server_ulid": servers}))
    assert client.get(export["result"]["file"]).text.count("\n") == 601
    assert ended(client, client.delete(f"/servers/{servers[1]}"))["result"]["readings"] == 90
    assert len(done(client.get("/data/latest"))) >= 5


def _answers(client: httpx.Client, servers: list[str]) -> list[Any]:
    of_each = {"server_ulid": servers, "group_by": "server"}
    questions = [
        {**of_each, "function": ["count", "max"]},
        {**of_each, "aggregation": "hour"},
        {"server_ulid": servers},
    ]
    latest = [row for row in done(client.get("/data/latest")) if row["server_ulid"] in servers]
    return [*(done(client.get("/data", params=question)) for question in questions), latest]


def ended(client: httpx.Client, asked: httpx.Response) -> Any:
    """The job that was asked for, done."""
    job = done(asked)
    deadline = time.monotonic() + JOB_SECONDS
    while (state := done(client.get(f"/jobs/{job['job_id']}")))["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    assert state["state"] == "done", state
    return state


def done(response: httpx.Response) -> Any:
    """What a request that succeeded was answered."""
    assert response.is_success, response.text
    return response.json()
