"""Signing in with a code beside the password: turned on, used once, guessed at, lost, turned off."""

import base64
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import httpx
import psycopg
import pyotp
import pytest
from psycopg import sql

from tests.conftest import NewUser, User
from tests.contract.authenticator import Authenticator, begin, log_in_with, turn_on
from tests.contract.browser import sign_in
from tests.contract.calls import bearer, connect, join, log_in, session_of
from tests.contract.problems import assert_problem, assert_refused
from tests.contract.test_secrets import columns_with
from tests.system import System

KIND = "urn:sentinela:problem:"


@pytest.fixture
def person(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture
def device(client: httpx.Client, person: User) -> Authenticator:
    """The authenticator of the person, who signs in with it."""
    return turn_on(client, person)


def actions(client: httpx.Client, user: User, prefix: str = "totp.") -> list[str]:
    rows = client.get("/audit", params={"action": prefix}, headers=user.headers).raise_for_status().json()
    return [row["action"] for row in rows]


def both(user: User, code: str) -> dict[str, str]:
    return {"password": user.password, "totp": code}


def test_an_enrolment_that_no_code_confirmed_changes_nothing(client: httpx.Client, person: User) -> None:
    first, second = begin(client, person), begin(client, person)
    assert first["secret"] != second["secret"]
    assert log_in(client, person.username, person.password).status_code == 200
    wrong = {"totp": Authenticator(second["secret"]).wrong()}
    refused = client.post("/auth/totp/confirm", json=wrong, headers=person.headers)
    assert assert_problem(refused, 401)["type"] == KIND + "wrong-totp"
    of_first = {"totp": Authenticator(first["secret"]).code()}
    assert_problem(client.post("/auth/totp/confirm", json=of_first, headers=person.headers), 401)
    assert client.get("/auth/totp", headers=person.headers).json()["enabled"] is False


def test_an_enrolment_is_what_an_authenticator_reads(client: httpx.Client, person: User) -> None:
    enrolment = begin(client, person)
    parsed = pyotp.parse_uri(enrolment["uri"])
    assert (parsed.secret, parsed.name, parsed.issuer) == (enrolment["secret"], person.username, "Sentinela")
    assert len(base64.b32decode(enrolment["secret"])) == 20
    assert ElementTree.fromstring(enrolment["qr_svg"]).tag == "{http://www.w3.org/2000/svg}svg"


def test_enrolling_takes_the_password(client: httpx.Client, person: User) -> None:
    refused = client.post("/auth/totp", json={"password": "not this one"}, headers=person.headers)
    assert assert_problem(refused, 401)["type"] == KIND + "wrong-password"
    assert_refused(client.post("/auth/totp", json={}, headers=person.headers), "password")
    nothing = client.post("/auth/totp/confirm", json={"totp": "123456"}, headers=person.headers)
    assert assert_problem(nothing, 409)["type"] == KIND + "totp-off"


def test_turning_it_on_ends_the_other_sessions(client: httpx.Client, person: User) -> None:
    other = session_of(client, person)
    device = turn_on(client, person)
    assert_problem(client.get("/auth/me", headers=bearer(other["access_token"])), 401)
    state = client.get("/auth/totp", headers=person.headers).json()
    assert (state["enabled"], state["recovery_codes_left"], len(set(device.recovery_codes))) == (True, 10, 10)
    again = client.post("/auth/totp", json={"password": person.password}, headers=person.headers)
    assert assert_problem(again, 409)["type"] == KIND + "totp-on"
    exported = client.get("/auth/me/export", headers=person.headers).json()["account"]
    assert exported["totp_since"] == state["confirmed_at"]


def test_a_right_password_without_a_code_is_asked_for_one(
    client: httpx.Client, person: User, device: Authenticator
) -> None:
    for code in (None, ""):
        assert assert_problem(log_in_with(client, person, code), 401)["type"] == KIND + "totp-required"
    wrong_password = {"username": person.username, "password": "not this one", "totp": device.code()}
    told = assert_problem(client.post("/auth/login", json=wrong_password), 401)["type"]
    assert told == KIND + "wrong-password", "who does not know the password does not learn that there is a code"
    assert log_in_with(client, person, device.code()).status_code == 200


def test_the_form_and_the_browser_take_a_code_too(
    client: httpx.Client, system: System, person: User, device: Authenticator
) -> None:
    form = {"grant_type": "password", "username": person.username, "password": person.password}
    assert assert_problem(client.post("/auth/login", data=form), 401)["type"] == KIND + "totp-required"
    assert client.post("/auth/login", data={**form, "totp": device.code()}).status_code == 200
    with connect(system) as browser:
        assert assert_problem(sign_in(browser, person), 401)["type"] == KIND + "totp-required"
        assert not browser.cookies
        body = {"username": person.username, "password": person.password, "totp": device.recovery_codes[0].lower()}
        assert browser.post("/auth/session", json=body).status_code == 200
        assert browser.cookies


def test_a_code_serves_once_even_side_by_side(client: httpx.Client, system: System, new_user: NewUser) -> None:
    person = new_user()
    device = turn_on(client, person)
    for code in (device.code(), device.recovery_codes[0]):

        def attempt(_: int, code: str = code) -> int:
            with connect(system) as own:
                return log_in_with(own, person, code).status_code

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(attempt, range(4))) == [200, 401, 401, 401]
    assert client.get("/auth/totp", headers=person.headers).json()["recovery_codes_left"] == 9


def test_an_earlier_code_is_not_taken_after_a_later_one(client: httpx.Client, person: User) -> None:
    device = turn_on(client, person)
    earlier, later = device.code(), device.code()
    assert log_in_with(client, person, later).status_code == 200
    assert assert_problem(log_in_with(client, person, earlier), 401)["type"] == KIND + "wrong-totp"


def test_codes_are_typed_with_blanks(client: httpx.Client, person: User, device: Authenticator) -> None:
    code = device.code()
    assert log_in_with(client, person, f" {code[:3]} {code[3:]} ").status_code == 200


def test_a_guesser_of_codes_is_stopped_and_a_recovery_code_still_opens(
    client: httpx.Client, person: User, device: Authenticator
) -> None:
    statuses = [log_in_with(client, person, device.wrong()).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert_problem(log_in_with(client, person, None), 401)
    assert_problem(log_in_with(client, person, device.code()), 429)
    assert log_in_with(client, person, device.recovery_codes[3]).status_code == 200
    assert actions(client, person, "session.refuse") == ["session.refuse"] * 10


def test_strangers_cannot_use_up_the_attempts_of_somebody(
    client: httpx.Client, person: User, device: Authenticator
) -> None:
    for name in (f"code {person.username}", person.username):
        for _ in range(3):
            assert log_in(client, name, "not this one").status_code == 401
    for _ in range(8):
        assert log_in(client, f"code\n{person.username}", "not this one").status_code in (401, 422)
    assert log_in_with(client, person, device.code()).status_code == 200


@pytest.mark.parametrize("code", ["x" * 65, 123456, ["1"], {"a": 1}])
def test_what_is_no_code_is_refused(client: httpx.Client, person: User, code: object) -> None:
    body = {"username": person.username, "password": person.password, "totp": code}
    assert_refused(client.post("/auth/login", json=body), "totp")


@pytest.mark.parametrize("code", ["\x00", "١٢٣٤٥٦", "0", "-1", "１２３４５６", "💥"])
def test_odd_codes_are_wrong_codes(client: httpx.Client, person: User, device: Authenticator, code: str) -> None:
    assert assert_problem(log_in_with(client, person, code), 401)["type"] == KIND + "wrong-totp"


def test_it_is_turned_off_with_password_and_code(client: httpx.Client, person: User, device: Authenticator) -> None:
    path = "/auth/totp/disable"
    wrong = client.post(path, json=both(person, device.wrong()), headers=person.headers)
    assert assert_problem(wrong, 401)["type"] == KIND + "wrong-totp"
    other = {"password": "not this one", "totp": device.recovery_codes[0]}
    assert_problem(client.post(path, json=other, headers=person.headers), 401)
    assert client.post(path, json=both(person, device.code()), headers=person.headers).status_code == 204
    assert log_in(client, person.username, person.password).status_code == 200
    body = both(person, "123456")
    assert assert_problem(client.post(path, json=body, headers=person.headers), 409)["type"] == KIND + "totp-off"
    assert actions(client, person) == ["totp.disable", "totp.enable", "totp.enrol"]


def test_new_recovery_codes_end_the_old_ones(client: httpx.Client, person: User, device: Authenticator) -> None:
    path = "/auth/totp/recovery-codes"
    answer = client.post(path, json=both(person, device.recovery_codes[0]), headers=person.headers)
    fresh = answer.raise_for_status().json()["recovery_codes"]
    assert not set(fresh) & set(device.recovery_codes)
    assert_problem(log_in_with(client, person, device.recovery_codes[1]), 401)
    assert log_in_with(client, person, fresh[0]).status_code == 200
    assert actions(client, person)[:3] == ["totp.recover", "totp.renew_codes", "totp.recover"]


def test_a_new_password_does_not_turn_it_off(
    client: httpx.Client, person: User, device: Authenticator, admin: dict[str, str]
) -> None:
    made = client.post("/users/reset", json={"username": person.username}, headers=admin).json()
    body = {"token": made["token"], "new_password": person.password}
    client.post("/auth/reset/confirm", json=body).raise_for_status()
    assert assert_problem(log_in_with(client, person, None), 401)["type"] == KIND + "totp-required"


def test_an_administrator_of_the_workspace_helps_who_lost_the_device(
    client: httpx.Client, user: User, person: User, device: Authenticator
) -> None:
    path = join(client, user, person) + "/totp"
    assert_problem(client.delete(path, headers=person.headers | workspace_of(path)), 403)
    assert client.delete(path, headers=user.headers).status_code == 204
    assert_problem(client.get("/auth/me", headers=person.headers), 401)
    assert log_in(client, person.username, person.password).status_code == 200
    assert assert_problem(client.delete(path, headers=user.headers), 409)["type"] == KIND + "totp-off"
    assert actions(client, user)[0] == "totp.reset"


def workspace_of(path: str) -> dict[str, str]:
    return {"Sentinela-Workspace": path.split("/")[2]}


def test_an_administrator_does_not_decide_for_other_workspaces(
    client: httpx.Client, user: User, stranger: User, person: User, device: Authenticator, admin: dict[str, str]
) -> None:
    path = join(client, user, person) + "/totp"
    join(client, stranger, person)
    assert assert_problem(client.delete(path, headers=user.headers), 403)["type"] == KIND + "belongs-elsewhere"
    assert_problem(client.delete(path, headers=stranger.headers), 404)
    body = {"username": person.username}
    assert_problem(client.post("/users/totp/reset", json=body, headers=user.headers), 403)
    assert client.post("/users/totp/reset", json=body, headers=admin).status_code == 204
    assert log_in(client, person.username, person.password).status_code == 200
    unknown = client.post("/users/totp/reset", json={"username": "nobody at all"}, headers=admin)
    assert assert_problem(unknown, 404)["type"] == KIND + "no-such-user"


def test_neither_secret_nor_recovery_code_is_stored_or_open_to_who_reads(
    client: httpx.Client, system: System, person: User, device: Authenticator
) -> None:
    with psycopg.connect(system.database_url) as connection:
        raw = base64.b32decode(device.secret)
        for secret in (device.secret, raw.hex(), *device.recovery_codes[:2], device.recovery_codes[0].replace("-", "")):
            assert columns_with(connection, secret) == []
        for table in ("second_factor", "recovery_code"):
            connection.execute("SET ROLE sentinela_reader")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            connection.rollback()
