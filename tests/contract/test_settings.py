"""Settings from the environment: who may register, who may write, and what happens without Redis."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Server, User
from tests.contract.alone import Alone
from tests.contract.calls import column, post, readings_of, register, stamp, unique
from tests.contract.problems import assert_problem
from tests.system import System, free_port

Start = Callable[..., Alone]
PASSWORD = "correct horse battery"


@pytest.fixture
def start(system: System, tmp_path: Path) -> Iterator[Start]:
    """Start one more API process on the system's databases and data folder, with other settings."""
    started: list[Alone] = []
    shared = {"DATA_DIR": str(system.data_dir), "DATABASE_URL": system.database_url, "REDIS_URL": system.redis_url}

    def begin(**settings: str) -> Alone:
        started.append(Alone(tmp_path, **{**shared, **settings}))
        return started[-1]

    yield begin
    for alone in started:
        alone.stop()


def test_by_invitation_only_an_administrator_registers(
    start: Start, system: System, user: User, admin: dict[str, str]
) -> None:
    with start(REGISTRATION="invite").until_ready().client() as client:
        refused = register(client, unique("ana"), PASSWORD)
        assert refused.status_code in (401, 403)
        assert_problem(refused, refused.status_code)
        body = {"username": unique("ana"), "password": PASSWORD}
        assert_problem(client.post("/auth/register", json=body, headers=user.headers), 403)
        assert client.post("/auth/register", json=body, headers=admin).status_code == 201
        assert client.post("/auth/login", json=body).status_code == 200


def test_by_invitation_who_is_invited_registers(start: Start, client: httpx.Client, user: User) -> None:
    (own,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    path = f"/workspaces/{own['workspace_ulid']}/invitations"
    token = client.post(path, json={"role": "operator"}, headers=user.headers).json()["token"]
    with start(REGISTRATION="off").until_ready().client() as closed:
        assert_problem(register(closed, unique("ana"), PASSWORD, invitation=token), 403)
    with start(REGISTRATION="invite").until_ready().client() as invited:
        assert register(invited, unique("ana"), PASSWORD, invitation=token).status_code == 201
        assert_problem(register(invited, unique("ana"), PASSWORD, invitation=token), 404)


def test_with_registration_off_nobody_registers(start: Start, user: User, admin: dict[str, str]) -> None:
    with start(REGISTRATION="off").until_ready().client() as client:
        for headers in ({}, user.headers, admin):
            body = {"username": unique("ana"), "password": PASSWORD}
            assert_problem(client.post("/auth/register", json=body, headers=headers), 403)
        assert client.get("/auth/me", headers=user.headers).status_code == 200


def test_open_ingest_needs_no_credential_and_the_start_warns(start: Start, user: User, server: Server) -> None:
    alone = start(INGEST_AUTH="open").until_ready()
    with alone.client() as client:
        body = {"server_ulid": server.ulid, "timestamp": stamp(), "temperature": 1}
        assert client.post("/data", json=body).status_code == 201
        assert client.post("/data", json=[{**body, "timestamp": stamp(seconds=1)}]).json()["accepted"] == 1
        unknown = {**body, "server_ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
        assert_problem(client.post("/data", json=unknown), 404)
        assert_problem(client.get("/data"), 401)
        assert len(readings_of(client, user, server)) == 2
    assert "warning" in alone.printed().lower()
    assert "INGEST_AUTH" in alone.printed()


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", "short"), ("SECRET_KEY", "change-me-change-me-change-me-change-me-1"),
     ("REGISTRATION", "maybe"), ("DATABASE_URL", "mysql://somewhere/db")],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused_in_one_line_that_names_it(
    start: Start, name: str, value: str
) -> None:
    alone = start(**{name: value})
    assert alone.process.wait(25) != 0
    (line,) = alone.printed().strip().splitlines()
    assert name in line


def test_without_redis_answers_stay_right(start: Start, client: httpx.Client, user: User, server: Server) -> None:
    closed = {"start_time": stamp(hours=-1), "end_time": stamp(hours=1)}
    alone = start(REDIS_URL=f"redis://127.0.0.1:{free_port()}").until_ready()
    with alone.client() as lonely:
        for count in range(1, 4):
            post(lonely, server, timestamp=stamp(minutes=count), temperature=count)
            for asked in (lonely, client):
                rows = readings_of(asked, user, server, **closed)
                assert column(rows, "temperature") == list(range(1, count + 1))
        assert len(readings_of(lonely, user, server, **closed, aggregation="hour")) == 1
        assert lonely.get(f"/health/{server.ulid}", headers=user.headers).json()["status"] == "online"
        cached = lonely.post("/cache/set", json={"key": "a", "value": "b"}, headers=user.headers)
        assert_problem(cached, 503)
        assert_problem(lonely.get("/cache/get/a", headers=user.headers), 503)
    complaints = [line for line in alone.printed().splitlines() if "redis" in line.lower()]
    assert complaints, "it is said"
    assert len(complaints) <= 5, "but not for each request"
    assert "Traceback" not in alone.printed()
