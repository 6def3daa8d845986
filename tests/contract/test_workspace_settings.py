"""A workspace's own settings: its name, time zone, and how long readings are kept."""

from typing import Any

import httpx
import pytest

from tests.conftest import User
from tests.contract.calls import Row, bearer, new_key, unique
from tests.contract.problems import assert_problem, assert_refused


@pytest.fixture
def workspace(client: httpx.Client, user: User) -> str:
    """The path of the user's workspace."""
    (own,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    return f"/workspaces/{own['workspace_ulid']}"


def change(client: httpx.Client, user: User, path: str, **body: Any) -> httpx.Response:
    return client.patch(path, json=body, headers=user.headers)


def test_a_workspace_starts_in_utc_and_keeps_its_readings(client: httpx.Client, newcomer: User) -> None:
    (own,) = client.get("/auth/me", headers=newcomer.headers).json()["workspaces"]
    shown: Row = client.get(f"/workspaces/{own['workspace_ulid']}", headers=newcomer.headers).json()
    assert (shown["name"], shown["time_zone"], shown["retention_days"]) == (newcomer.username, "UTC", None)


def test_what_is_sent_changes_and_what_is_left_out_stays(client: httpx.Client, user: User, workspace: str) -> None:
    name = unique("farm")
    changed = change(client, user, workspace, name=name, time_zone="America/Sao_Paulo", retention_days=30)
    assert changed.status_code == 200
    assert change(client, user, workspace, retention_days=None).status_code == 200
    shown = client.get(workspace, headers=user.headers).json()
    assert (shown["name"], shown["time_zone"], shown["retention_days"]) == (name, "America/Sao_Paulo", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"), ("time_zone", "../etc/passwd"), ("time_zone", ""), ("time_zone", "America"),
        ("time_zone", "localtime"), ("time_zone", 3), ("name", " "), ("retention_days", 0), ("retention_days", 1.5),
        ("retention_days", True), ("retention_days", 10**9), ("colour", "red"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused_by_name(
    client: httpx.Client, user: User, workspace: str, field: str, value: object
) -> None:
    before = client.get(workspace, headers=user.headers).json()
    assert_refused(change(client, user, workspace, **{field: value}), field)
    assert client.get(workspace, headers=user.headers).json() == before


@pytest.mark.parametrize("field", ["name", "time_zone"])
def test_what_every_workspace_has_cannot_be_taken_away(
    client: httpx.Client, user: User, workspace: str, field: str
) -> None:
    problem = assert_problem(change(client, user, workspace, **{field: None}), 422)
    assert field in str(problem["errors"])


def test_the_path_decides_whatever_the_header_says(
    client: httpx.Client, user: User, stranger: User, workspace: str
) -> None:
    own = workspace.removeprefix("/workspaces/")
    foreign = {**stranger.headers, "Sentinela-Workspace": own}
    assert_problem(client.get(workspace, headers=foreign), 404)
    (theirs,) = client.get("/auth/me", headers=stranger.headers).json()["workspaces"]
    path = f"/workspaces/{theirs['workspace_ulid']}"
    assert_problem(client.patch(path, json={"name": "a"}, headers={**user.headers, "Sentinela-Workspace": own}), 404)
    assert client.get(workspace.lower(), headers=user.headers).status_code == 200


def test_only_an_administrator_changes_it(client: httpx.Client, user: User, workspace: str) -> None:
    reader = bearer(new_key(client, user, scopes=["read", "write"])["key"])
    assert client.get(workspace, headers=reader).status_code == 200
    assert_problem(client.patch(workspace, json={"name": "a"}, headers=reader), 403)
