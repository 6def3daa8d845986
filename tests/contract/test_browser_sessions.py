"""Signing in at a browser: a cookie that no script reads, and no other site can make use of."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import User
from tests.contract.alone import Alone
from tests.contract.browser import sign_in, signed_in
from tests.contract.calls import bearer, connect, new_key, unique
from tests.contract.problems import assert_problem
from tests.system import System

COOKIE, SECURE_COOKIE = "sentinela_session", "__Host-sentinela_session"


@pytest.fixture
def browser(system: System, user: User) -> Iterator[httpx.Client]:
    with signed_in(system, user) as session:
        yield session


def create(browser: httpx.Client, **headers: str) -> httpx.Response:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    return browser.post("/servers", json={"server_name": unique("oven")}, headers=sent)


def test_a_browser_signs_in_without_seeing_a_token(client: httpx.Client, system: System, user: User) -> None:
    with connect(system) as browser:
        answer = sign_in(browser, user)
        assert answer.status_code == 200
        assert set(answer.json()) == {"csrf_token", "expires_at", "user"}
        assert answer.json()["user"]["username"] == user.username
        assert answer.headers["cache-control"] == "no-store"
        cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"].lower() == "strict"
        assert cookie["path"] == "/"
        assert int(cookie["max-age"]) == 30 * 86_400
        assert cookie.value not in answer.text


def test_the_cookie_opens_what_a_token_opens(browser: httpx.Client, user: User) -> None:
    assert browser.get("/auth/me").json()["username"] == user.username
    assert browser.get("/data").status_code == 200
    assert create(browser).status_code == 201


def test_a_wrong_password_gets_no_cookie(system: System, user: User) -> None:
    with connect(system) as browser:
        answer = browser.post("/auth/session", json={"username": user.username, "password": "not this one"})
        assert_problem(answer, 401)
        assert "set-cookie" not in answer.headers


def test_a_page_that_was_loaded_anew_learns_who_it_is(browser: httpx.Client, user: User) -> None:
    answer = browser.get("/auth/session")
    assert answer.status_code == 200
    assert answer.json()["csrf_token"] == browser.headers["Sentinela-CSRF"]
    assert answer.json()["user"]["username"] == user.username
    assert COOKIE in answer.headers["set-cookie"], "the browser keeps the cookie for longer"


def test_a_browser_that_is_not_signed_in_is_told_so(client: httpx.Client, user: User) -> None:
    assert_problem(client.get("/auth/session"), 401)
    assert_problem(client.get("/auth/session", headers=user.headers), 401)
    assert_problem(client.get("/auth/session", headers={"Cookie": f"{COOKIE}=snt_s_made-up"}), 401)


@pytest.mark.parametrize("token", ["", "x", "kq1c0Yx2" * 5, "ação"])
def test_what_changes_something_needs_the_csrf_token(browser: httpx.Client, token: str) -> None:
    before = browser.get("/servers").json()
    assert_problem(create(browser, **{"Sentinela-CSRF": token}), 403)
    del browser.headers["Sentinela-CSRF"]
    assert_problem(create(browser), 403)
    assert_problem(browser.post("/auth/logout"), 403)
    assert browser.get("/servers").json() == before


def test_another_sessions_csrf_token_does_not_do(system: System, browser: httpx.Client, user: User) -> None:
    with signed_in(system, user) as other:
        assert_problem(create(browser, **{"Sentinela-CSRF": other.headers["Sentinela-CSRF"]}), 403)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "https://evil.example"}, {"Origin": "null"},
                                     {"Origin": "http://["}])  # fmt: skip
def test_another_site_changes_nothing_even_with_the_token(browser: httpx.Client, headers: dict[str, str]) -> None:
    before = browser.get("/servers").json()
    assert_problem(create(browser, **headers), 403)
    assert browser.get("/servers").json() == before


def test_our_own_pages_may(system: System, browser: httpx.Client) -> None:
    assert create(browser, **{"Sec-Fetch-Site": "same-origin", "Origin": system.url}).status_code == 201
    assert create(browser, Origin=system.url).status_code == 201


def test_another_site_signs_nobody_in(system: System, user: User) -> None:
    with connect(system) as browser:
        answer = sign_in(browser, user, **{"Sec-Fetch-Site": "cross-site"})
        assert_problem(answer, 403)
        assert "set-cookie" not in answer.headers


def test_a_planted_cookie_is_replaced_at_sign_in(system: System, user: User, stranger: User) -> None:
    """Session fixation: whoever plants a session of theirs gains nothing when its victim signs in."""
    with signed_in(system, stranger) as attacker, connect(system) as victim:
        planted = attacker.cookies[COOKIE]
        victim.cookies.set(COOKIE, planted)
        answer = sign_in(victim, user)
        given = SimpleCookie(answer.headers["set-cookie"])[COOKIE].value
        assert given != planted
        assert answer.json()["user"]["username"] == user.username
        assert_problem(attacker.get("/auth/me"), 401)


def test_logout_ends_the_session_and_takes_the_cookie_back(system: System, user: User) -> None:
    with signed_in(system, user) as browser:
        secret = browser.cookies[COOKIE]
        answer = browser.post("/auth/logout")
        assert answer.status_code == 204
        assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["max-age"] == "0"
        assert COOKIE not in browser.cookies
    with connect(system) as thief:
        thief.cookies.set(COOKIE, secret)
        assert_problem(thief.get("/auth/me"), 401)


def test_a_dead_cookie_does_not_keep_anybody_from_registering(system: System) -> None:
    with connect(system) as browser:
        browser.cookies.set(COOKIE, "snt_s_long-gone")
        body = {"username": unique("ana"), "password": "violet-otter-42"}
        assert browser.post("/auth/register", json=body).status_code == 201


def test_a_cookie_is_no_bearer_token_and_a_token_no_cookie(client: httpx.Client, system: System, user: User) -> None:
    with signed_in(system, user) as browser:
        assert_problem(client.get("/auth/me", headers=bearer(browser.cookies[COOKIE])), 401)
    for secret in (user.token, new_key(client, user)["key"]):
        assert_problem(client.get("/auth/me", headers={"Cookie": f"{COOKIE}={secret}"}), 401)


def test_a_token_goes_before_the_cookie(browser: httpx.Client, stranger: User) -> None:
    assert browser.get("/auth/me", headers=stranger.headers).json()["username"] == stranger.username


def test_use_prolongs_a_session(system: System, browser: httpx.Client, user: User) -> None:
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        mine = "user_id = (SELECT user_id FROM user_account WHERE username = %s) AND token_hash IS NOT NULL"
        connection.execute(
            f"UPDATE login_session SET expires_at = now() + interval '5 s',"
            f" last_used_at = now() - interval '2 min' WHERE {mine}",
            (user.username,),
        )
        assert browser.get("/auth/me").status_code == 200
        query = f"SELECT max(expires_at) > now() + interval '29 days' FROM login_session WHERE {mine}"
        assert connection.execute(query, (user.username,)).fetchone() == (True,)


def test_a_session_that_ran_out_is_over(system: System, user: User) -> None:
    with signed_in(system, user) as browser:
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            connection.execute(
                "UPDATE login_session SET expires_at = now() - interval '1 s' WHERE token_hash = sha256(%s)",
                (browser.cookies[COOKIE].encode(),),
            )
        assert_problem(browser.get("/auth/me"), 401)


def test_behind_https_the_cookie_is_secure(system: System, user: User, tmp_path: Path) -> None:
    facts = {"DATABASE_URL": system.database_url, "REDIS_URL": system.redis_url, "DATA_DIR": str(system.data_dir)}
    api = Alone(tmp_path, **facts).until_ready()
    try:
        with api.client() as browser:
            answer = sign_in(browser, user, **{"X-Forwarded-Proto": "https"})
            cookie = SimpleCookie(answer.headers["set-cookie"])[SECURE_COOKIE]
            assert cookie["secure"]
            over = {"X-Forwarded-Proto": "https", "Cookie": f"{SECURE_COOKIE}={cookie.value}"}
            assert browser.get("/auth/me", headers=over).status_code == 200
            planted = {"X-Forwarded-Proto": "https", "Cookie": f"{COOKIE}={cookie.value}"}
            assert_problem(browser.get("/auth/me", headers=planted), 401)
    finally:
        api.stop()
