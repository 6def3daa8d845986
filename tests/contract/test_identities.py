"""Connecting an account that has a password to an identity of the OIDC provider, and disconnecting it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import NewUser, User
from tests.contract.alone import Alone
from tests.contract.authenticator import turn_on
from tests.contract.browser import sign_in as sign_in_by_password
from tests.contract.browser import signed_in
from tests.contract.calls import bearer, unique
from tests.contract.oidc_provider import Provider, begin_to_connect, connect, installation, sign_in
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

SESSION, HANDSHAKE = "sentinela_session", "sentinela_oidc"
IDENTITIES = "/auth/me/identities"
CONFIRM, DISCONNECT = f"{IDENTITIES}/confirm", f"{IDENTITIES}/disconnect"
KIND = "urn:sentinela:problem:"
# Twice what a sign-in with its hash takes on a machine at work.
WAITS_WITHIN = 20.0


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    running = Provider(tmp_path_factory.mktemp("provider"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, system: System, provider: Provider) -> Iterator[Alone]:
    folder: Path = tmp_path_factory.mktemp("identities")
    running = installation(folder, system, provider)
    yield running
    running.stop()


@pytest.fixture
def person(new_user: NewUser) -> User:
    """Somebody who registered with a password."""
    return new_user()


@pytest.fixture
def browser(api: Alone, person: User) -> Iterator[httpx.Client]:
    """The person's, signed in by password."""
    with signed_in(api, person) as session:
        yield session


def identities(browser: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get(IDENTITIES).raise_for_status().json()
    return found


def by_provider(api: Alone, provider: Provider, subject: str) -> str:
    """Whose account this identity opens."""
    with api.client() as browser:
        assert sign_in(browser, provider, subject).headers["location"] == "/ui/"
        return str(browser.get("/auth/session").json()["user"]["username"])


def disconnect(browser: httpx.Client, provider: Provider, subject: str, password: str) -> httpx.Response:
    return browser.post(DISCONNECT, json={"issuer": provider.url, "subject": subject, "password": password})


def test_an_account_with_a_password_is_opened_by_the_provider_once_it_is_connected(
    api: Alone, browser: httpx.Client, provider: Provider, person: User
) -> None:
    subject = provider.person(preferred_username=person.username)
    with api.client() as other:
        assert sign_in(other, provider, subject).headers["location"] == "/ui/?sign_in=username-taken"
    connected = connect(browser, provider, person, subject)
    assert connected.status_code == 200
    assert HANDSHAKE not in browser.cookies
    told = connected.json()
    assert (told["issuer"], told["subject"], told["was_connected"]) == (provider.url, subject, False)
    (listed,) = identities(browser)
    assert listed == {"issuer": provider.url, "subject": subject, "created_at": told["created_at"], "in_use": True}
    assert by_provider(api, provider, subject) == person.username
    assert browser.get("/auth/me/export").json()["identities"][0]["subject"] == subject
    with signed_in(api, person) as still:
        assert still.get("/auth/me").status_code == 200, "the password opens it as before"


def test_the_way_back_opens_no_session_and_ends_none(browser: httpx.Client, provider: Provider, person: User) -> None:
    secret, before = browser.cookies[SESSION], browser.get("/auth/sessions").json()
    back = browser.get(provider.consent(begin_to_connect(browser, person), provider.person()))
    assert back.headers["location"] == "/ui/profile?connect=proved"
    assert back.headers["cache-control"] == "no-store"
    assert SESSION not in back.headers["set-cookie"]
    assert identities(browser) == [], "not before the session says so that began"
    assert browser.post(CONFIRM).status_code == 200
    assert browser.cookies[SESSION] == secret
    assert [row["session_id"] for row in browser.get("/auth/sessions").json()] == [row["session_id"] for row in before]


def test_a_program_connects_by_its_token(api: Alone, provider: Provider, person: User) -> None:
    with api.client() as program:
        program.headers.update(person.headers)
        subject = provider.person()
        assert connect(program, provider, person, subject).status_code == 200
        assert identities(program)[0]["subject"] == subject


def test_an_identity_that_another_account_has_stays_there(
    api: Alone, browser: httpx.Client, provider: Provider, person: User, new_user: NewUser
) -> None:
    subject, other = provider.person(), new_user()
    with signed_in(api, other) as theirs:
        connect(theirs, provider, other, subject).raise_for_status()
    refused = connect(browser, provider, person, subject)
    assert assert_problem(refused, 409)["type"] == KIND + "identity-taken"
    assert identities(browser) == []
    assert by_provider(api, provider, subject) == other.username
    told = browser.post(CONFIRM, headers={"Accept-Language": "pt-BR"}).json()
    assert told["detail"].startswith("Esta identidade do provedor já abre outra conta")


def test_of_two_accounts_that_want_one_identity_at_once_one_gets_it(
    api: Alone, provider: Provider, new_user: NewUser
) -> None:
    subject, (first, second) = provider.person(), (new_user(), new_user())
    with signed_in(api, first) as one, signed_in(api, second) as two, ThreadPoolExecutor(2) as pool:
        for browser, user in ((one, first), (two, second)):
            browser.get(provider.consent(begin_to_connect(browser, user), subject))
        statuses = [answer.status_code for answer in pool.map(lambda browser: browser.post(CONFIRM), (one, two))]
        assert sorted(statuses) == [200, 409]
        assert len(identities(one)) + len(identities(two)) == 1


def test_a_first_sign_in_that_meets_its_identity_being_connected_opens_that_account(
    api: Alone, system: System, provider: Provider, person: User
) -> None:
    newcomer = unique("quim")
    subject = provider.person(preferred_username=newcomer)
    with psycopg.connect(system.database_url) as connection, api.client() as browser, ThreadPoolExecutor(1) as pool:
        number = connection.execute("SELECT user_id FROM user_account WHERE user_ulid = %s", (person.id,)).fetchone()
        row = (provider.url, subject, *(number or ()))
        connection.execute("INSERT INTO external_identity (issuer, subject, user_id) VALUES (%s, %s, %s)", row)
        answer = pool.submit(sign_in, browser, provider, subject)
        until_somebody_waits(system)
        connection.commit()
        assert answer.result().headers["location"] == "/ui/"
        assert browser.get("/auth/session").json()["user"]["username"] == person.username
        found = connection.execute("SELECT count(*) FROM user_account WHERE username = %s", (newcomer,)).fetchone()
        assert found == (0,), "no account is left of the newcomer"


def until_somebody_waits(system: System) -> None:
    """Until a statement about identities waits for another's transaction."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%external_identity%'"
    deadline = time.monotonic() + WAITS_WITHIN
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        while connection.execute(asked).fetchone() == (0,):
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.05)


def test_connecting_the_same_again_is_said_and_changes_nothing(
    browser: httpx.Client, provider: Provider, person: User
) -> None:
    subject = provider.person()
    first = connect(browser, provider, person, subject).json()
    again = connect(browser, provider, person, subject)
    assert (again.status_code, again.json()) == (200, first | {"was_connected": True})
    assert len(browser.get("/audit", params={"action": "identity.connect"}).json()) == 1


def test_an_account_has_one_identity_at_a_provider(browser: httpx.Client, provider: Provider, person: User) -> None:
    first, second = provider.person(), provider.person()
    connect(browser, provider, person, first).raise_for_status()
    refused = connect(browser, provider, person, second)
    assert assert_problem(refused, 409)["type"] == KIND + "other-identity"
    assert disconnect(browser, provider, first, person.password).status_code == 204
    assert connect(browser, provider, person, second).status_code == 200
    assert [row["subject"] for row in identities(browser)] == [second]


def test_a_disconnected_identity_opens_the_account_no_more(
    api: Alone, browser: httpx.Client, provider: Provider, person: User
) -> None:
    subject = provider.person(preferred_username=person.username)
    connect(browser, provider, person, subject).raise_for_status()
    wrong = disconnect(browser, provider, subject, "not this one")
    assert assert_problem(wrong, 401)["type"] == KIND + "wrong-password"
    assert_refused(browser.post(DISCONNECT, json={"password": person.password}), "issuer", "subject")
    assert len(identities(browser)) == 1
    assert disconnect(browser, provider, subject, person.password).status_code == 204
    assert identities(browser) == []
    again = disconnect(browser, provider, subject, person.password)
    assert assert_problem(again, 404)["type"] == KIND + "no-such-identity"
    with api.client() as other:
        assert sign_in(other, provider, subject).headers["location"] == "/ui/?sign_in=username-taken"
    entries = browser.get("/audit", params={"action": "identity."}).json()
    assert [entry["action"] for entry in entries] == ["identity.disconnect", "identity.connect"]
    assert entries[0]["before"] == entries[1]["after"] == {"issuer": provider.url}


def test_nobody_disconnects_anothers_identity(
    api: Alone, browser: httpx.Client, provider: Provider, person: User, new_user: NewUser
) -> None:
    subject, other = provider.person(), new_user()
    with signed_in(api, other) as theirs:
        connect(theirs, provider, other, subject).raise_for_status()
        assert_problem(disconnect(browser, provider, subject, person.password), 404)
        assert len(identities(theirs)) == 1


def test_an_account_that_came_by_the_provider_keeps_its_only_way_in(api: Alone, provider: Provider) -> None:
    subject = provider.person(preferred_username=unique("nora"))
    with api.client() as browser:
        sign_in(browser, provider, subject)
        browser.headers["Sentinela-CSRF"] = browser.get("/auth/session").json()["csrf_token"]
        refused = disconnect(browser, provider, subject, "any that one may guess")
        assert assert_problem(refused, 401)["type"] == KIND + "wrong-password", "nobody knows its password"
        assert [row["subject"] for row in identities(browser)] == [subject]


def test_an_account_that_came_by_the_provider_disconnects_once_it_has_a_password(
    api: Alone, client: httpx.Client, provider: Provider, admin: dict[str, str]
) -> None:
    name = unique("olga")
    subject = provider.person(preferred_username=name)
    assert by_provider(api, provider, subject) == name
    made = client.post("/users/reset", json={"username": name}, headers=admin).raise_for_status().json()
    chosen = {"token": made["token"], "new_password": "amber-heron-17"}
    client.post("/auth/reset/confirm", json=chosen).raise_for_status()
    olga = User("", name, "amber-heron-17", "", {})
    with signed_in(api, olga) as browser:
        assert disconnect(browser, provider, subject, olga.password).status_code == 204
    with api.client() as browser:
        assert sign_in_by_password(browser, olga).status_code == 200


def test_who_signs_in_with_a_code_proves_it_with_one(
    api: Alone, client: httpx.Client, provider: Provider, person: User
) -> None:
    device, subject = turn_on(client, person), provider.person()
    codes = iter(device.recovery_codes)
    password = {"password": person.password}
    with api.client() as program:
        program.headers.update(bearer(person.token))
        assert assert_problem(program.post(IDENTITIES, json=password), 401)["type"] == KIND + "totp-required"
        wrong = program.post(IDENTITIES, json=password | {"totp": device.wrong()})
        assert assert_problem(wrong, 401)["type"] == KIND + "wrong-totp"
        begun = program.post(IDENTITIES, json=password | {"totp": next(codes)}).raise_for_status().json()
        program.get(provider.consent(begun["authorization_url"], subject))
        program.post(CONFIRM).raise_for_status()
        named = {"issuer": provider.url, "subject": subject}
        assert_problem(disconnect(program, provider, subject, person.password), 401)
        assert program.post(DISCONNECT, json=named | password | {"totp": next(codes)}).status_code == 204


def test_without_a_provider_nothing_begins_and_the_list_is_there(client: httpx.Client, person: User) -> None:
    begun = client.post(IDENTITIES, json={"password": person.password}, headers=person.headers)
    assert assert_problem(begun, 404)["type"] == KIND + "no-provider"
    assert client.get(IDENTITIES, headers=person.headers).json() == []


def test_an_identity_of_a_provider_that_was_before_can_be_disconnected_where_there_is_none(
    browser: httpx.Client, client: httpx.Client, provider: Provider, person: User
) -> None:
    subject = provider.person()
    connect(browser, provider, person, subject).raise_for_status()
    (listed,) = client.get(IDENTITIES, headers=person.headers).json()
    assert (listed["subject"], listed["in_use"]) == (subject, False)
    body = {"issuer": provider.url, "subject": subject, "password": person.password}
    assert client.post(DISCONNECT, json=body, headers=person.headers).status_code == 204
