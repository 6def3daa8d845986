"""Refresh and logout: tokens rotate, a stolen one betrays itself, an ended session is over at once."""

from collections.abc import Callable

import httpx
import pytest

from tests.conftest import User
from tests.contract.calls import Row, bearer, connect, session_of
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

# New connections land on any of the API's processes; so many asks reach them all.
ASKS = 8


def refresh(client: httpx.Client, token: str) -> httpx.Response:
    return client.post("/auth/refresh", json={"refresh_token": token})


@pytest.fixture
def ask_everywhere(system: System) -> Callable[[str], set[int]]:
    """Ask /auth/me with a token on connection after connection; the statuses seen."""

    def ask(token: str) -> set[int]:
        seen = set()
        for _ in range(ASKS):
            with connect(system) as connection:
                seen.add(connection.get("/auth/me", headers=bearer(token)).status_code)
        return seen

    return ask


@pytest.fixture
def session(client: httpx.Client, user: User) -> Row:
    return session_of(client, user)


def test_refresh_hands_out_a_new_pair(client: httpx.Client, session: Row) -> None:
    response = refresh(client, session["refresh_token"])
    assert response.status_code == 200
    fresh = response.json()
    assert fresh["token_type"] == "bearer"
    assert fresh["expires_in"] > 0
    assert fresh["refresh_token"] != session["refresh_token"]
    assert fresh["access_token"] != session["access_token"]
    assert client.get("/auth/me", headers=bearer(fresh["access_token"])).status_code == 200


def test_a_chain_of_refreshes_goes_on(client: httpx.Client, session: Row) -> None:
    token = session["refresh_token"]
    for _ in range(4):
        response = refresh(client, token)
        assert response.status_code == 200
        token = response.json()["refresh_token"]


def test_a_refresh_token_used_twice_ends_its_session(
    client: httpx.Client, session: Row, ask_everywhere: Callable[[str], set[int]]
) -> None:
    fresh = refresh(client, session["refresh_token"]).json()
    assert_problem(refresh(client, session["refresh_token"]), 401)
    assert_problem(refresh(client, fresh["refresh_token"]), 401)
    assert ask_everywhere(fresh["access_token"]) == {401}


def test_a_reused_refresh_token_leaves_other_sessions_alone(client: httpx.Client, user: User, session: Row) -> None:
    other = session_of(client, user)
    refresh(client, session["refresh_token"])
    assert_problem(refresh(client, session["refresh_token"]), 401)
    assert refresh(client, other["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 10_000, "ключ"])
def test_a_made_up_refresh_token_opens_nothing(client: httpx.Client, token: str) -> None:
    response = refresh(client, token)
    assert response.status_code in (401, 422)
    assert_problem(response, response.status_code)


def test_an_access_token_is_no_refresh_token_and_the_reverse(client: httpx.Client, session: Row) -> None:
    assert refresh(client, session["access_token"]).status_code in (401, 422)
    assert_problem(client.get("/auth/me", headers=bearer(session["refresh_token"])), 401)


def test_refresh_names_what_is_missing_and_what_is_unknown(client: httpx.Client, session: Row) -> None:
    assert_refused(client.post("/auth/refresh", json={}), "refresh_token")
    body = {"refresh_token": session["refresh_token"], "forever": True}
    assert_refused(client.post("/auth/refresh", json=body), "forever")


def test_logout_ends_the_session_at_once_in_every_process(
    client: httpx.Client, session: Row, ask_everywhere: Callable[[str], set[int]]
) -> None:
    assert ask_everywhere(session["access_token"]) == {200}
    response = client.post("/auth/logout", headers=bearer(session["access_token"]))
    assert response.status_code in (200, 204)
    assert ask_everywhere(session["access_token"]) == {401}
    assert_problem(client.get("/data", headers=bearer(session["access_token"])), 401)


def test_logout_ends_the_refresh_token_too(client: httpx.Client, session: Row) -> None:
    client.post("/auth/logout", headers=bearer(session["access_token"]))
    assert_problem(refresh(client, session["refresh_token"]), 401)


def test_logout_after_a_refresh_ends_the_tokens_from_before_it(
    client: httpx.Client, session: Row, ask_everywhere: Callable[[str], set[int]]
) -> None:
    fresh = refresh(client, session["refresh_token"]).json()
    client.post("/auth/logout", headers=bearer(fresh["access_token"]))
    assert ask_everywhere(fresh["access_token"]) == {401}
    assert ask_everywhere(session["access_token"]) == {401}


def test_logout_ends_only_its_own_session(client: httpx.Client, user: User, session: Row) -> None:
    other = session_of(client, user)
    client.post("/auth/logout", headers=bearer(session["access_token"]))
    assert client.get("/auth/me", headers=bearer(other["access_token"])).status_code == 200


def test_logout_needs_a_session(anonymous: httpx.Client) -> None:
    assert_problem(anonymous.post("/auth/logout"), 401)
