"""Saved views: kept for one person in one workspace."""

import httpx
import pytest

from tests.conftest import NewUser, User
from tests.contract.calls import Row, unique
from tests.contract.problems import assert_problem, assert_refused

QUERY = "s=01ARZ3NDEKTSV4RRFFQ69G5FAV&range=24h&f=p95&tz=America/Sao_Paulo"


def save(client: httpx.Client, headers: dict[str, str], name: str, query: str = QUERY) -> Row:
    answer = client.post("/views", json={"name": name, "query": query}, headers=headers)
    assert answer.status_code == 201, answer.text
    view: Row = answer.json()
    return view


def names(client: httpx.Client, headers: dict[str, str]) -> list[str]:
    return [view["name"] for view in client.get("/views", headers=headers).raise_for_status().json()]


def test_a_saved_view_is_listed_by_name_replaced_and_forgotten(client: httpx.Client, newcomer: User) -> None:
    view = save(client, newcomer.headers, "  rooms ")
    assert view["name"] == "rooms"
    assert view["query"] == QUERY
    save(client, newcomer.headers, "attic")
    assert names(client, newcomer.headers) == ["attic", "rooms"]
    path = f"/views/{view['view_id']}"
    changed = client.put(path, json={"name": "cellar", "query": "range=1h"}, headers=newcomer.headers)
    assert (changed.json()["name"], changed.json()["query"]) == ("cellar", "range=1h")
    assert changed.json()["saved_at"] > view["saved_at"]
    assert client.delete(path, headers=newcomer.headers).status_code == 204
    assert names(client, newcomer.headers) == ["attic"]
    assert_problem(client.delete(path, headers=newcomer.headers), 404)


def test_a_name_is_taken_for_its_owner_alone(client: httpx.Client, user: User, stranger: User) -> None:
    name = unique("view")
    save(client, user.headers, name)
    other = save(client, user.headers, unique("view"))
    save(client, stranger.headers, name)
    body = {"name": name, "query": ""}
    problem = assert_problem(client.post("/views", json=body, headers=user.headers), 409)
    assert problem["type"].endswith("view-name-taken")
    assert_problem(client.put(f"/views/{other['view_id']}", json=body, headers=user.headers), 409)


def test_nobody_else_of_the_workspace_sees_a_view(client: httpx.Client, new_user: NewUser, user: User) -> None:
    mate = new_user()
    (workspace,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    ulid = workspace["workspace_ulid"]
    invitation = client.post(f"/workspaces/{ulid}/invitations", json={"role": "admin"}, headers=user.headers).json()
    client.post("/invitations/accept", json={"token": invitation["token"]}, headers=mate.headers).raise_for_status()
    view = save(client, user.headers, unique("mine"))
    there = {**mate.headers, "Sentinela-Workspace": ulid}
    assert names(client, there) == []
    path = f"/views/{view['view_id']}"
    assert_problem(client.put(path, json={"name": "theirs", "query": ""}, headers=there), 404)
    assert_problem(client.delete(path, headers=there), 404)
    assert view["name"] in names(client, user.headers)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "query": ""}, "name"),
        ({"name": "a", "query": "range=1h\n"}, "query"),
        ({"name": "a", "query": "x" * 2001}, "query"),
        ({"name": "a"}, "query"),
        ({"name": "a", "query": "", "colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_view_is_refused(client: httpx.Client, user: User, body: Row, field: str) -> None:
    assert_refused(client.post("/views", json=body, headers=user.headers), field)


def test_the_hundred_and_first_view_is_refused(client: httpx.Client, newcomer: User) -> None:
    for number in range(100):
        save(client, newcomer.headers, f"view {number}", "")
    answer = client.post("/views", json={"name": "one more", "query": ""}, headers=newcomer.headers)
    assert "100 saved views" in assert_problem(answer, 409)["detail"]
