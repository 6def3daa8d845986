"""The workspace of a request: the header chooses among one's own, and no other can be had."""

import httpx
import pytest

from tests.conftest import NewServer, Server, User
from tests.contract.calls import bearer, new_key, post, readings_of, unique
from tests.contract.problems import assert_problem

PATHS = ["/servers", "/data", "/health/all", "/keys", "/cache/get/a", "/auth/me"]


def workspace_of(client: httpx.Client, user: User) -> str:
    (workspace,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    ulid: str = workspace["workspace_ulid"]
    return ulid


def within(headers: dict[str, str], workspace: str) -> dict[str, str]:
    return {**headers, "Sentinela-Workspace": workspace}


def test_the_own_workspace_may_be_named(client: httpx.Client, user: User, server: Server) -> None:
    post(client, server, temperature=1)
    own = within(user.headers, workspace_of(client, user))
    assert server.ulid in client.get("/servers", headers=own).text
    params = {"server_ulid": server.ulid}
    assert len(client.get("/data", params=params, headers=own).json()) == 1
    body = {"server_ulid": server.ulid, "temperature": 2}
    assert client.post("/data", json=body, headers=own).status_code == 201


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_workspace_is_not_found(client: httpx.Client, user: User, stranger: User, path: str) -> None:
    foreign = workspace_of(client, stranger)
    assert_problem(client.get(path, headers=within(user.headers, foreign)), 404)


@pytest.mark.parametrize("workspace", ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7" + "Z" * 25])
def test_an_absent_workspace_is_not_found(client: httpx.Client, user: User, workspace: str) -> None:
    for path in PATHS:
        assert_problem(client.get(path, headers=within(user.headers, workspace)), 404)


@pytest.mark.parametrize("workspace", ["*", "'", "1", "x" * 2_000, "../.."])
def test_what_is_no_ulid_names_no_workspace(client: httpx.Client, user: User, workspace: str) -> None:
    response = client.get("/servers", headers=within(user.headers, workspace))
    assert response.status_code in (404, 422)
    assert_problem(response, response.status_code)


def test_nothing_is_written_into_a_foreign_workspace(
    client: httpx.Client, user: User, stranger: User, foreign_server: Server
) -> None:
    before = client.get("/servers", headers=stranger.headers).json()
    headers = within(user.headers, workspace_of(client, stranger))
    body = {"server_ulid": foreign_server.ulid, "temperature": 1}
    assert_problem(client.post("/data", json=body, headers=headers), 404)
    assert_problem(client.post("/servers", json={"server_name": unique("a")}, headers=headers), 404)
    assert_problem(client.post("/keys", json={"name": "a"}, headers=headers), 404)
    assert readings_of(client, stranger, foreign_server) == []
    assert client.get("/servers", headers=stranger.headers).json() == before


def test_a_key_cannot_be_turned_to_another_workspace(
    client: httpx.Client, user: User, stranger: User, new_server: NewServer
) -> None:
    key = bearer(new_key(client, user)["key"])
    foreign = new_server(stranger)
    assert_problem(client.get("/servers", headers=within(key, workspace_of(client, stranger))), 404)
    own = client.get("/servers", headers=within(key, workspace_of(client, user)))
    assert own.status_code == 200
    assert foreign.ulid not in own.text
