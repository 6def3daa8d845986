"""POST /auth/register: who may have which name and password."""

import httpx
import pytest

from tests.conftest import User
from tests.contract.burst import burst, json_request
from tests.contract.calls import log_in, register, unique
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

PASSWORD = "correct horse battery"


def test_registering_answers_with_id_and_username(client: httpx.Client) -> None:
    name = unique("ana")
    response = register(client, name, PASSWORD)
    assert response.status_code == 201
    assert response.json()["username"] == name
    assert response.json()["id"]


def test_an_email_may_be_given(client: httpx.Client, admin: dict[str, str]) -> None:
    name = unique("ana")
    assert register(client, name, PASSWORD, email=f"{name}@example.org").status_code == 201
    users = client.get("/users", headers=admin).json()
    assert [user["email"] for user in users if user["username"] == name] == [f"{name}@example.org"]


def test_username_is_trimmed_and_case_folded(client: httpx.Client) -> None:
    name = unique("straße")
    response = register(client, f"  {name.upper()}\t", PASSWORD)
    assert response.status_code == 201
    assert response.json()["username"] == name.casefold()
    assert log_in(client, f" {name} ", PASSWORD).status_code == 200


def test_another_spelling_of_a_taken_name_is_taken(client: httpx.Client, user: User) -> None:
    for spelling in (user.username, user.username.upper(), f"  {user.username} "):
        assert_problem(register(client, spelling, PASSWORD), 409)


@pytest.mark.parametrize("name", ["", "   ", "\t\n", "\u00a0\u2003"])
def test_a_blank_username_is_refused(client: httpx.Client, name: str) -> None:
    assert_refused(register(client, name, PASSWORD), "username")


def test_a_password_needs_eight_characters(client: httpx.Client) -> None:
    assert_refused(register(client, unique("ana"), "seven77"), "password")
    assert register(client, unique("ana"), "eight888").status_code == 201


def test_characters_of_a_password_are_counted_not_bytes(client: httpx.Client) -> None:
    assert_refused(register(client, unique("ana"), "çãé日本語語"), "password")
    assert register(client, unique("ana"), "çãé日本語語語").status_code == 201


@pytest.mark.parametrize("missing", ["username", "password"])
def test_username_and_password_are_both_needed(client: httpx.Client, missing: str) -> None:
    body = {"username": unique("ana"), "password": PASSWORD}
    del body[missing]
    assert_refused(client.post("/auth/register", json=body), missing)


def test_an_unknown_field_is_named(client: httpx.Client) -> None:
    assert_refused(register(client, unique("ana"), PASSWORD, is_admin=True), "is_admin")


def test_of_twelve_racing_registrations_one_wins(system: System) -> None:
    name = unique("race")
    request = json_request("/auth/register", {"username": name, "password": PASSWORD})
    answers = burst(system.url, [[request]] * 12)
    statuses = sorted(answer.status for lane in answers for answer in lane)
    assert statuses == [201] + [409] * 11


def test_twelve_spellings_of_one_name_race_for_it_too(system: System) -> None:
    name = unique("race")
    spellings = [name[:at] + name[at:].upper() + " " * at for at in range(12)]
    requests = [json_request("/auth/register", {"username": s, "password": PASSWORD}) for s in spellings]
    answers = burst(system.url, [[request] for request in requests])
    statuses = sorted(answer.status for lane in answers for answer in lane)
    assert statuses == [201] + [409] * 11


def test_no_answer_shows_the_password_or_its_hash(client: httpx.Client) -> None:
    name, password = unique("ana"), unique("a rare password")
    created = register(client, name, password)
    session = log_in(client, name, password)
    me = client.get("/auth/me", headers={"Authorization": f"Bearer {session.json()['access_token']}"})
    refused = register(client, name, password)
    too_short = register(client, unique("ana"), "rare!!1")
    for response in (created, session, me, refused, too_short):
        assert password not in response.text
        assert "rare!!1" not in response.text
        assert "argon2" not in response.text
        assert "$2b$" not in response.text


def test_the_first_72_bytes_do_not_open_a_longer_password(client: httpx.Client) -> None:
    name, password = unique("ana"), "0123456789" * 10
    assert register(client, name, password).status_code == 201
    for prefix in (password[:71], password[:72], password[:99]):
        assert_problem(log_in(client, name, prefix), 401)
    assert log_in(client, name, password).status_code == 200


def test_a_password_keeps_its_blanks_and_its_case(client: httpx.Client) -> None:
    name, password = unique("ana"), "  Blank And Case "
    assert register(client, name, password).status_code == 201
    assert_problem(log_in(client, name, password.strip()), 401)
    assert_problem(log_in(client, name, password.lower()), 401)
    assert log_in(client, name, password).status_code == 200


def test_everyone_gets_a_workspace_of_their_own(client: httpx.Client, user: User, stranger: User) -> None:
    name = unique("same")
    for person in (user, stranger):
        response = client.post("/servers", json={"server_name": name}, headers=person.headers)
        assert response.status_code == 201, "the same name in another workspace is free"
