"""Passwords: changed, forgotten, guessed at; and where a person is signed in."""

import httpx
import pytest

from tests.conftest import NewUser, User
from tests.contract.calls import Row, bearer, log_in, metric, session_of, unique
from tests.contract.problems import assert_problem, assert_refused

NEW = "amber-heron-17"


@pytest.fixture
def person(new_user: NewUser) -> User:
    """Somebody whose password and sessions a test may spend."""
    return new_user()


def change(client: httpx.Client, user: User, old: str, new: str = NEW) -> httpx.Response:
    return client.post("/auth/password", json={"old_password": old, "new_password": new}, headers=user.headers)


def reset(client: httpx.Client, admin: dict[str, str], username: str) -> Row:
    answer = client.post("/users/reset", json={"username": username}, headers=admin)
    assert answer.status_code == 201, answer.text
    made: Row = answer.json()
    return made


def test_a_changed_password_opens_and_the_old_one_does_not(client: httpx.Client, person: User) -> None:
    assert change(client, person, person.password).status_code == 204
    assert log_in(client, person.username, NEW).status_code == 200
    assert_problem(log_in(client, person.username, person.password), 401)


def test_a_changed_password_ends_the_other_sessions(client: httpx.Client, person: User) -> None:
    other = session_of(client, person)
    assert change(client, person, person.password).status_code == 204
    assert client.get("/auth/me", headers=person.headers).status_code == 200
    assert_problem(client.get("/auth/me", headers=bearer(other["access_token"])), 401)
    assert_problem(client.post("/auth/refresh", json={"refresh_token": other["refresh_token"]}), 401)


def test_a_change_needs_the_old_password_and_a_good_new_one(client: httpx.Client, person: User) -> None:
    assert_problem(change(client, person, "not this one"), 401)
    assert_refused(change(client, person, person.password, "1234567"), "new_password")
    assert log_in(client, person.username, person.password).status_code == 200


def test_an_administrator_makes_a_link_for_a_new_password(
    client: httpx.Client, person: User, admin: dict[str, str]
) -> None:
    made = reset(client, admin, person.username.upper())
    assert made["link"].endswith(f"/ui/reset#{made['token']}")
    body = {"token": made["token"], "new_password": NEW}
    assert client.post("/auth/reset/confirm", json=body).status_code == 204
    assert log_in(client, person.username, NEW).status_code == 200
    assert_problem(client.get("/auth/me", headers=person.headers), 401)
    assert_problem(client.post("/auth/reset/confirm", json=body), 401)


def test_whoever_has_no_link_makes_nobody_hash(client: httpx.Client) -> None:
    """Hashing takes some 50 ms of two cores: anybody could keep the server busy."""
    before = metric(client, "sentinela_password_hashes_total")
    assert_problem(client.post("/auth/reset/confirm", json={"token": "snt_p_none", "new_password": NEW}), 401)
    body = {"username": unique("nobody"), "password": NEW, "invitation": "snt_i_none"}
    assert_problem(client.post("/auth/register", json=body), 404)
    assert metric(client, "sentinela_password_hashes_total") == before


def test_a_newer_link_takes_the_place_of_an_older_one(
    client: httpx.Client, person: User, admin: dict[str, str]
) -> None:
    old, new = reset(client, admin, person.username), reset(client, admin, person.username)
    confirm = "/auth/reset/confirm"
    assert_problem(client.post(confirm, json={"token": old["token"], "new_password": NEW}), 401)
    assert client.post(confirm, json={"token": new["token"], "new_password": NEW}).status_code == 204


def test_only_the_installations_administrator_makes_such_links(client: httpx.Client, person: User, user: User) -> None:
    assert_problem(client.post("/users/reset", json={"username": person.username}, headers=user.headers), 403)


def test_without_a_mail_server_a_reset_says_whom_to_ask(client: httpx.Client, person: User) -> None:
    for username in (person.username, unique("nobody")):
        assert_problem(client.post("/auth/reset", json={"username": username}), 409)


def test_a_guesser_is_slowed_down_and_the_owner_is_not_told_apart(client: httpx.Client, person: User) -> None:
    answers = {}
    for username in (person.username, unique("nobody")):
        statuses = [log_in(client, username, "not this one").status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429]
        answer = log_in(client, username, "not this one")
        assert 0 < int(answer.headers["retry-after"]) <= 900
        answers[username] = assert_problem(answer, 429)["type"]
    assert_problem(log_in(client, person.username, person.password), 429)
    assert len(set(answers.values())) == 1
    assert client.get("/auth/me", headers=person.headers).status_code == 200, "who is signed in stays so"


def test_a_right_password_forgets_the_wrong_ones(client: httpx.Client, person: User) -> None:
    for _ in range(3):
        for _ in range(7):
            assert_problem(log_in(client, person.username, "not this one"), 401)
        assert log_in(client, person.username, person.password).status_code == 200


def test_a_person_sees_where_they_are_signed_in(client: httpx.Client, person: User) -> None:
    agent = {"User-Agent": "oven/1.0"}
    credentials = {"username": person.username, "password": person.password}
    client.post("/auth/login", json=credentials, headers=agent).raise_for_status()
    newest, oldest = client.get("/auth/sessions", headers=person.headers).json()
    assert (newest["user_agent"], newest["address"], newest["kind"]) == ("oven/1.0", "127.0.0.1", "program")
    assert (newest["current"], oldest["current"]) == (False, True)


def test_one_session_is_ended(client: httpx.Client, person: User, stranger: User) -> None:
    other = session_of(client, person)
    (row,) = [row for row in client.get("/auth/sessions", headers=person.headers).json() if not row["current"]]
    path = f"/auth/sessions/{row['session_id']}"
    assert_problem(client.delete(path, headers=stranger.headers), 404)
    assert client.delete(path, headers=person.headers).status_code == 204
    assert_problem(client.get("/auth/me", headers=bearer(other["access_token"])), 401)
    assert_problem(client.delete(path, headers=person.headers), 404)


@pytest.mark.parametrize("others", [True, False])
def test_all_sessions_are_ended_or_all_but_this_one(client: httpx.Client, person: User, others: bool) -> None:
    other = session_of(client, person)
    answer = client.delete("/auth/sessions", params={"others": others}, headers=person.headers)
    assert answer.status_code == 204
    assert_problem(client.get("/auth/me", headers=bearer(other["access_token"])), 401)
    assert client.get("/auth/me", headers=person.headers).status_code == (200 if others else 401)


def test_a_person_changes_their_address(client: httpx.Client, person: User) -> None:
    changed = client.patch("/auth/me", json={"email": "ana@example.com"}, headers=person.headers)
    assert changed.json()["email"] == "ana@example.com"
    assert client.patch("/auth/me", json={}, headers=person.headers).json()["email"] == "ana@example.com"
    assert client.patch("/auth/me", json={"email": None}, headers=person.headers).json()["email"] is None
    assert_refused(client.patch("/auth/me", json={"email": "ana"}, headers=person.headers), "email")
