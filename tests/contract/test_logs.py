"""Logs as an operator reads them: a line a request, slow statements and queries, one id from request to task."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.alone import Alone
from tests.contract.calls import post, post_many, stamp, unique
from tests.contract.test_exports import export
from tests.system import System

Line = dict[str, Any]
# A line is written before its answer is read; files of several processes are a moment behind.
PATIENCE_SECONDS = 10.0


def lines_of(file: Path, **fields: Any) -> list[Line]:
    """The structured lines with these fields."""
    found = []
    for text in file.read_text(errors="replace").splitlines():
        if text.startswith("{"):
            line = json.loads(text)
            if all(line.get(name) == value for name, value in fields.items()):
                found.append(line)
    return found


def some(file: Path, **fields: Any) -> list[Line]:
    """Likewise, waiting for the first."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := lines_of(file, **fields)):
        assert time.monotonic() < deadline, f"no line has {fields}"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def talkative(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """An API that gives each reading its line and finds everything slow."""
    facts = {"DATABASE_URL": system.database_url, "REDIS_URL": system.redis_url, "DATA_DIR": str(system.data_dir)}
    folder = tmp_path_factory.mktemp("talkative")
    api = Alone(folder, **facts, ACCESS_LOG_INGEST="1", SLOW_QUERY_MS="1").until_ready()
    yield api
    api.stop()
    # What one process writes here, the whole run's search does not see.
    (system.data_dir / "logs" / "talkative.log").write_text(api.printed())


def test_a_request_has_one_structured_line(client: httpx.Client, system: System, user: User, server: Server) -> None:
    asked = unique("order")
    client.get(f"/servers/{server.ulid}/", headers={**user.headers, "X-Request-ID": asked})
    (line,) = some(system.output, event="request", request_id=asked)
    assert line["method"] == "GET"
    assert line["path"] == f"/servers/{server.ulid}"
    assert line["route"] == "/servers/{server_ulid}"
    assert line["status"] == 200
    assert line["level"] == "info"
    assert 0 < line["milliseconds"] < 10_000
    assert line["client"] == "127.0.0.1"


def test_a_stored_reading_has_no_line_unless_one_is_asked_for(
    client: httpx.Client, system: System, talkative: Alone, server: Server
) -> None:
    body = {"server_ulid": server.ulid, "temperature": 21.5}
    with talkative.client() as direct:
        ids = [direct.post("/data", json=body, headers=server.headers).headers["X-Request-ID"] for _ in range(3)]
    for request_id in ids:
        (line,) = some(talkative.output, event="request", request_id=request_id)
        assert (line["route"], line["status"]) == ("/data", 201)
    before = len(lines_of(system.output, event="request", route="/data", status=201))
    post(client, server, temperature=21.5)
    client.get("/nowhere", headers={"X-Request-ID": "after-" + ids[0]})
    some(system.output, event="request", request_id="after-" + ids[0])
    assert len(lines_of(system.output, event="request", route="/data", status=201)) == before


def test_a_slow_query_is_logged_with_its_estimate_and_its_statements_with_plans(
    client: httpx.Client, talkative: Alone, user: User, new_server: NewServer
) -> None:
    server = new_server(user)
    post_many(client, server, [{"timestamp": stamp(seconds=n), "temperature": n % 50} for n in range(5000)])
    asked = unique("slow")
    with talkative.client() as direct:
        wish = {"server_ulid": server.ulid, "aggregation": "minute"}
        answer = direct.get("/data", params=wish, headers={**user.headers, "X-Request-ID": asked})
        assert len(answer.json()) == 84
    (query,) = some(talkative.output, event="slow_query", request_id=asked)
    assert query["outcome"] == "answered"
    assert query["estimate"]["readings"] == 5000
    assert query["servers"] == 1
    assert query["functions"] == ["mean"]
    statements = some(talkative.output, event="slow_statement", request_id=asked)
    assert all(line["milliseconds"] >= 1 for line in statements)
    assert any("$1" in line["statement"] for line in statements), statements
    plans = some(talkative.output, event="slow_statement_plan")
    assert all("cost=" in plan["plan"][0] for plan in plans)


def test_a_slow_statement_shows_no_value(talkative: Alone, user: User) -> None:
    wrong = unique("not-the-password")
    with talkative.client() as direct:
        for _ in range(3):
            direct.get("/servers", params={"search": wrong}, headers=user.headers)
            direct.post("/auth/login", json={"username": user.username, "password": wrong})
    assert some(talkative.output, event="slow_statement")
    said = json.dumps(
        lines_of(talkative.output, event="slow_statement") + lines_of(talkative.output, event="slow_statement_plan")
    )
    assert wrong not in said
    assert user.username not in said


def test_one_id_leads_from_a_request_to_its_task(
    client: httpx.Client, system: System, user: User, server: Server
) -> None:
    post(client, server, timestamp=stamp(), temperature=1)
    asked = unique("export")
    headers = {**user.headers, "X-Request-ID": asked}
    own = User(user.id, user.username, user.password, user.token, headers)
    job = export(client, own, server_ulid=[server.ulid], format="csv")
    assert job["state"] == "done", job
    (line,) = some(system.output, event="task_finished", request_id=asked)
    assert line["task"] == "jobs.run_export"
    assert line["outcome"] == "succeeded"
    assert some(system.output, event="request", request_id=asked, status=202)
