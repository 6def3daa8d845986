"""POST /auth/login: by JSON and by form; wrong is wrong in one way only."""

import time
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import User
from tests.contract.calls import bearer, log_in, metric, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

HASHES = "sentinela_password_hashes_total"


def assert_session(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    session: dict[str, Any] = response.json()
    assert session["token_type"] == "bearer"
    assert session["access_token"]
    assert session["refresh_token"]
    assert isinstance(session["expires_in"], int)
    assert session["expires_in"] > 0
    return session


def test_login_by_json_opens_a_session(client: httpx.Client, user: User) -> None:
    session = assert_session(log_in(client, user.username, user.password))
    me = client.get("/auth/me", headers=bearer(session["access_token"]))
    assert me.status_code == 200
    assert me.json()["username"] == user.username


@pytest.mark.parametrize("more", [{}, {"grant_type": "password", "scope": "", "client_id": "", "client_secret": ""}])
def test_login_by_the_oauth2_form_opens_a_session(client: httpx.Client, user: User, more: dict[str, str]) -> None:
    form = {"username": user.username, "password": user.password, **more}
    session = assert_session(client.post("/auth/login", data=form))
    assert client.get("/auth/me", headers=bearer(session["access_token"])).status_code == 200


def test_the_form_refuses_what_json_refuses(client: httpx.Client, user: User) -> None:
    assert_problem(client.post("/auth/login", data={"username": user.username, "password": "not this one"}), 401)
    assert_refused(client.post("/auth/login", data={"username": user.username}), "password")


def test_username_of_a_login_is_trimmed_and_case_folded(client: httpx.Client, user: User) -> None:
    assert_session(log_in(client, f" {user.username.upper()} ", user.password))


def test_wrong_password_and_unknown_user_get_the_same_answer(client: httpx.Client, user: User) -> None:
    wrong = assert_problem(log_in(client, user.username, "not this one"), 401)
    unknown = assert_problem(log_in(client, unique("nobody"), "not this one"), 401)
    for body in (wrong, unknown):
        del body["request_id"]
    assert wrong == unknown


def test_wrong_password_and_unknown_user_cost_the_same_hashing(client: httpx.Client, user: User) -> None:
    before = metric(client, HASHES)
    assert_problem(log_in(client, user.username, "not this one"), 401)
    between = metric(client, HASHES)
    assert_problem(log_in(client, unique("nobody"), "not this one"), 401)
    after = metric(client, HASHES)
    assert between - before >= 1
    assert after - between == between - before


def test_a_wrong_password_is_answered_before_it_is_recorded(client: httpx.Client, system: System, user: User) -> None:
    """Recording takes some milliseconds, which would tell that there is such a user."""
    with psycopg.connect(system.database_url) as busy:
        busy.execute("LOCK TABLE audit_log IN SHARE MODE")
        begun = time.monotonic()
        assert_problem(log_in(client, user.username, "not this one"), 401)
        assert time.monotonic() - begun < 5, "it waited for the record"
    deadline = time.monotonic() + 10
    while not client.get("/audit", params={"action": "session.refuse"}, headers=user.headers).json():
        assert time.monotonic() < deadline, "it was not recorded"
        time.sleep(0.05)


@pytest.mark.parametrize("missing", ["username", "password"])
def test_login_needs_username_and_password(client: httpx.Client, user: User, missing: str) -> None:
    body = {"username": user.username, "password": user.password}
    del body[missing]
    assert_refused(client.post("/auth/login", json=body), missing)


def test_me_shows_who_asks(client: httpx.Client, user: User) -> None:
    me = client.get("/auth/me", headers=user.headers).json()
    assert me["username"] == user.username
    assert me["id"]
    assert user.password not in str(me)
