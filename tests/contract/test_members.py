"""Who belongs to a workspace: invited by a link, with a role, and never without an administrator."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import NewUser, User
from tests.contract.burst import burst, json_request
from tests.contract.calls import Row, register, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

Join = Callable[..., User]


def workspaces(client: httpx.Client, user: User) -> list[Row]:
    found: list[Row] = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    return found


def within(user: User, workspace: str) -> dict[str, str]:
    return {**user.headers, "Sentinela-Workspace": workspace}


@pytest.fixture
def workspace(client: httpx.Client, user: User) -> str:
    """A fresh workspace that `user` administers."""
    made = client.post("/workspaces", json={"name": unique("farm")}, headers=user.headers)
    assert made.status_code == 201, made.text
    ulid: str = made.json()["workspace_ulid"]
    assert made.headers["location"] == f"/workspaces/{ulid}"
    return ulid


@pytest.fixture
def join(client: httpx.Client, user: User, workspace: str, new_user: NewUser) -> Join:
    """A function that lets a new person join the workspace with a role."""

    def join(role: str) -> User:
        person = new_user()
        token = invite(client, user, workspace, role=role)["token"]
        joined = client.post("/invitations/accept", json={"token": token}, headers=person.headers)
        assert joined.status_code == 200, joined.text
        return person

    return join


def invite(client: httpx.Client, user: User, workspace: str, **wishes: Any) -> Row:
    answer = client.post(f"/workspaces/{workspace}/invitations", json=wishes, headers=user.headers)
    assert answer.status_code == 201, answer.text
    made: Row = answer.json()
    return made


def roles(client: httpx.Client, user: User, workspace: str) -> dict[str, str]:
    rows = client.get(f"/workspaces/{workspace}/members", headers=user.headers).json()
    return {row["username"]: row["role"] for row in rows}


def test_a_further_workspace_is_its_makers_own(client: httpx.Client, user: User, workspace: str) -> None:
    assert workspace in [row["workspace_ulid"] for row in workspaces(client, user)]
    assert roles(client, user, workspace) == {user.username: "admin"}
    made = client.post("/servers", json={"server_name": "Dolly"}, headers=within(user, workspace))
    assert made.status_code == 201
    assert made.json()["server_ulid"] not in client.get("/servers", headers=user.headers).text


def test_an_invitation_shows_what_it_offers_and_serves_once(
    client: httpx.Client, user: User, workspace: str, new_user: NewUser
) -> None:
    made = invite(client, user, workspace, role="operator")
    assert made["link"].endswith(f"/ui/invitation#{made['token']}"), "behind #, which no browser sends"
    assert made["mailed"] is False
    shown = client.post("/invitations/show", json={"token": made["token"]}).json()
    assert (shown["workspace_ulid"], shown["role"]) == (workspace, "operator")
    first, second = new_user(), new_user()
    body = {"token": made["token"]}
    joined = client.post("/invitations/accept", json=body, headers=first.headers)
    assert joined.json()["role"] == "operator"
    assert_problem(client.post("/invitations/accept", json=body, headers=second.headers), 404)
    assert_problem(client.post("/invitations/show", json=body), 404)
    assert roles(client, user, workspace) == {user.username: "admin", first.username: "operator"}
    assert len(workspaces(client, first)) == 2


def test_of_two_racing_guests_one_joins(
    client: httpx.Client, system: System, user: User, workspace: str, new_user: NewUser
) -> None:
    token = invite(client, user, workspace)["token"]
    requests = [json_request("/invitations/accept", {"token": token}, new_user().headers) for _ in range(4)]
    answers = burst(system.url, [[request] for request in requests])
    assert sorted(answer.status for lane in answers for answer in lane) == [200, 404, 404, 404]


def test_an_invitation_lets_somebody_new_register_into_the_workspace(
    client: httpx.Client, user: User, workspace: str
) -> None:
    token = invite(client, user, workspace, role="viewer")["token"]
    name = unique("bia")
    assert register(client, name, "violet-otter-42", invitation=token).status_code == 201
    assert roles(client, user, workspace)[name] == "viewer"
    assert_problem(register(client, unique("caio"), "violet-otter-42", invitation=token), 404)


def test_a_failed_registration_leaves_the_invitation_usable(client: httpx.Client, user: User, workspace: str) -> None:
    token = invite(client, user, workspace)["token"]
    assert_problem(register(client, user.username, "violet-otter-42", invitation=token), 409)
    assert client.post("/invitations/show", json={"token": token}).status_code == 200


def test_who_belongs_already_is_told_so(client: httpx.Client, user: User, workspace: str) -> None:
    token = invite(client, user, workspace)["token"]
    assert_problem(client.post("/invitations/accept", json={"token": token}, headers=user.headers), 409)


def test_an_invitation_can_be_withdrawn_and_ends(client: httpx.Client, user: User, workspace: str) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
    short, made = invite(client, user, workspace, expires_at=soon), invite(client, user, workspace)
    path = f"/workspaces/{workspace}/invitations"
    listed = client.get(path, headers=user.headers)
    assert made["token"] not in listed.text
    assert made["invitation_id"] in listed.text
    assert client.delete(f"{path}/{made['invitation_id']}", headers=user.headers).status_code == 204
    assert_problem(client.post("/invitations/show", json={"token": made["token"]}), 404)
    assert_problem(client.delete(f"{path}/{made['invitation_id']}", headers=user.headers), 404)
    while datetime.now(UTC).isoformat() < soon:
        pass
    assert_problem(client.post("/invitations/show", json={"token": short["token"]}), 404)
    assert client.get(path, headers=user.headers).json() == []


@pytest.mark.parametrize(
    ("field", "value"), [("role", "owner"), ("email", "nobody"), ("expires_at", "2020-01-01T00:00:00Z"), ("x", 1)]
)
def test_an_invitation_that_makes_no_sense_is_refused_by_name(
    client: httpx.Client, user: User, workspace: str, field: str, value: object
) -> None:
    path = f"/workspaces/{workspace}/invitations"
    assert_refused(client.post(path, json={field: value}, headers=user.headers), field)


def test_a_role_counts_at_once(client: httpx.Client, user: User, workspace: str, join: Join) -> None:
    guest = join("viewer")
    theirs = within(guest, workspace)
    assert client.get("/data", headers=theirs).status_code == 200
    assert_problem(client.post("/cache/set", json={"key": "a", "value": "b"}, headers=theirs), 403)
    path = f"/workspaces/{workspace}/members/{guest.id}"
    assert client.patch(path, json={"role": "operator"}, headers=user.headers).json()["role"] == "operator"
    assert client.post("/cache/set", json={"key": "a", "value": "b"}, headers=theirs).status_code == 200
    assert_problem(client.post("/servers", json={"server_name": "a"}, headers=theirs), 403)
    assert client.patch(path, json={"role": "admin"}, headers=user.headers).status_code == 200
    assert client.post("/servers", json={"server_name": "a"}, headers=theirs).status_code == 201


def test_who_is_taken_out_is_out_at_once(client: httpx.Client, user: User, workspace: str, join: Join) -> None:
    guest = join("operator")
    path = f"/workspaces/{workspace}/members/{guest.id}"
    assert client.delete(path, headers=user.headers).status_code == 204
    assert_problem(client.get("/servers", headers=within(guest, workspace)), 404)
    assert_problem(client.delete(path, headers=user.headers), 404)
    assert roles(client, user, workspace) == {user.username: "admin"}


def test_the_last_administrator_stays_one(client: httpx.Client, user: User, workspace: str, join: Join) -> None:
    join("operator")
    path = f"/workspaces/{workspace}"
    assert_problem(client.post(f"{path}/leave", headers=user.headers), 409)
    assert_problem(client.delete(f"{path}/members/{user.id}", headers=user.headers), 409)
    assert_problem(client.patch(f"{path}/members/{user.id}", json={"role": "viewer"}, headers=user.headers), 409)
    assert roles(client, user, workspace)[user.username] == "admin"


def test_of_two_administrators_who_leave_at_once_one_stays(
    client: httpx.Client, system: System, user: User, workspace: str, join: Join
) -> None:
    other = join("admin")
    leave = f"/workspaces/{workspace}/leave"
    answers = burst(system.url, [[json_request(leave, {}, person.headers)] for person in (user, other)])
    assert sorted(answer.status for lane in answers for answer in lane) == [204, 409]


def test_a_workspace_is_handed_over(client: httpx.Client, user: User, workspace: str, join: Join) -> None:
    heir = join("viewer")
    path = f"/workspaces/{workspace}"
    assert client.post(f"{path}/handover", json={"user_id": heir.id}, headers=user.headers).status_code == 204
    assert roles(client, heir, workspace) == {user.username: "operator", heir.username: "admin"}
    assert_problem(client.post(f"{path}/handover", json={"user_id": user.id}, headers=user.headers), 403)
    assert client.post(f"{path}/leave", headers=user.headers).status_code == 204
    assert roles(client, heir, workspace) == {heir.username: "admin"}


def test_nobody_hands_over_to_a_stranger(client: httpx.Client, user: User, stranger: User, workspace: str) -> None:
    body = {"user_id": stranger.id}
    assert_problem(client.post(f"/workspaces/{workspace}/handover", json=body, headers=user.headers), 404)


def test_who_has_left_everything_may_still_sign_in_and_start_anew(
    client: httpx.Client, user: User, workspace: str
) -> None:
    token = invite(client, user, workspace)["token"]
    name = unique("davi")
    register(client, name, "violet-otter-42", invitation=token)
    login = client.post("/auth/login", json={"username": name, "password": "violet-otter-42"}).json()
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    assert client.post(f"/workspaces/{workspace}/leave", headers=headers).status_code == 204
    assert client.get("/auth/me", headers=headers).json()["workspaces"] == []
    problem = assert_problem(client.get("/servers", headers=headers), 403)
    assert problem["type"].endswith("no-workspace")
    assert client.post("/workspaces", json={"name": "mine"}, headers=headers).status_code == 201
    assert client.get("/servers", headers=headers).json() == []


def test_members_come_in_pages(client: httpx.Client, user: User, workspace: str, join: Join) -> None:
    people = [user, *(join("viewer") for _ in range(4))]
    path, seen = f"/workspaces/{workspace}/members?limit=2", []
    while path:
        answer = client.get(path, headers=user.headers)
        assert len(answer.json()) <= 2
        seen += [row["username"] for row in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == [person.username for person in people]
    foreign = client.get("/audit?limit=1", headers=user.headers).links["next"]["url"].split("cursor=")[1]
    assert_refused(client.get(f"/workspaces/{workspace}/members?cursor={foreign}", headers=user.headers), "cursor")
