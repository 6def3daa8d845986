"""GET /servers/{server_ulid}/presence: when a server was online and when offline, as the running watcher saw it."""

import time
from collections.abc import Callable

import httpx

from tests.conftest import NewServer, Server, User
from tests.contract.calls import Row, moment, post, stamp
from tests.contract.problems import assert_problem, assert_refused
from tests.contract.test_presence import set_limit

# The watcher notices within one second; five times that, because test machines are slow and busy.
NOTICED_SECONDS = 5.0


def history(client: httpx.Client, user: User, server: Server, **query: str | int) -> list[Row]:
    response = client.get(f"/servers/{server.ulid}/presence", params=query, headers=user.headers)
    assert response.status_code == 200, response.text
    rows: list[Row] = response.json()
    return rows


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + NOTICED_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_server_never_seen_has_no_history(client: httpx.Client, user: User, server: Server) -> None:
    assert history(client, user, server) == []


def test_coming_and_going_becomes_history(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    set_limit(client, user, server, 1)
    post(client, server, temperature=1)
    seen = moment(client.get(f"/health/{server.ulid}", headers=user.headers).json()["last_seen"])
    until(lambda: len(history(client, user, server)) == 2)
    post(client, server, temperature=2)
    until(lambda: len(history(client, user, server)) >= 3)
    online, offline, again = history(client, user, server)[::-1][:3]
    assert [row["status"] for row in (online, offline, again)] == ["online", "offline", "online"]
    assert moment(online["started_at"]) == seen
    assert (moment(online["ended_at"]) - seen).total_seconds() == online["seconds"] == 1
    assert (offline["started_at"], offline["ended_at"]) == (online["ended_at"], again["started_at"])
    assert online["platform_outage_seconds"] == 0


def test_history_comes_in_pages_and_by_time(client: httpx.Client, user: User, new_server: NewServer) -> None:
    server = new_server(user)
    set_limit(client, user, server, 1)
    for _ in range(2):
        before = len(history(client, user, server))
        post(client, server, temperature=1)
        until(lambda have=before: len(history(client, user, server)) >= have + 2)  # type: ignore[misc]
    rows = history(client, user, server)
    assert len(rows) == 4
    page = client.get(f"/servers/{server.ulid}/presence", params={"limit": 3}, headers=user.headers)
    rest = client.get(page.links["next"]["url"], headers=user.headers)
    assert [row["started_at"] for row in page.json() + rest.json()] == [row["started_at"] for row in rows]
    assert "next" not in rest.links
    middle = rows[1]
    assert history(client, user, server, start_time=middle["started_at"])[-1]["started_at"] == rows[2]["started_at"]
    assert history(client, user, server, end_time=middle["started_at"])[0]["started_at"] == middle["started_at"]
    assert history(client, user, server, end_time=stamp()) == []


def test_bad_questions_are_refused(client: httpx.Client, user: User, server: Server, foreign_server: Server) -> None:
    path = f"/servers/{server.ulid}/presence"
    assert_refused(client.get(path, params={"start_time": "soon"}, headers=user.headers), "start_time")
    assert_refused(client.get(path, params={"cursor": "bad"}, headers=user.headers), "cursor")
    swapped = {"start_time": stamp(hours=1), "end_time": stamp()}
    assert_problem(client.get(path, params=swapped, headers=user.headers), 422)
    assert_problem(client.get(f"/servers/{foreign_server.ulid}/presence", headers=user.headers), 404)
