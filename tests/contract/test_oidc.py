"""Signing in by an OIDC provider: the whole way, against a real one, and who may come that way."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.conftest import User
from tests.contract.alone import Alone
from tests.contract.calls import unique
from tests.contract.oidc_provider import NAME, Provider, begin, installation, sign_in
from tests.contract.problems import assert_problem, assert_refused
from tests.system import System

SESSION, HANDSHAKE = "sentinela_session", "sentinela_oidc"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oidc")


@pytest.fixture(scope="module")
def provider(folder: Path) -> Iterator[Provider]:
    running = Provider(folder)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def api(folder: Path, system: System, provider: Provider) -> Iterator[Alone]:
    running = installation(folder, system, provider)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def closed(folder: Path, system: System, provider: Provider) -> Iterator[Alone]:
    """An installation that takes in only who is invited."""
    running = installation(folder, system, provider, REGISTRATION="invite")
    yield running
    running.stop()


@pytest.fixture
def browser(api: Alone) -> Iterator[httpx.Client]:
    with api.client() as client:
        yield client


def me(browser: httpx.Client) -> dict[str, object]:
    found: dict[str, object] = browser.get("/auth/session").raise_for_status().json()["user"]
    return found


def test_without_a_provider_there_is_no_way_in_by_one(anonymous: httpx.Client) -> None:
    assert anonymous.get("/auth/ways").json() == {"provider": None}
    assert_problem(anonymous.post("/auth/oidc", json={}), 404)
    assert_problem(anonymous.get("/auth/oidc/callback", params={"code": "a", "state": "b"}), 404)


def test_somebody_signs_in_by_the_provider_and_is_whom_it_names(browser: httpx.Client, provider: Provider) -> None:
    name = unique("Ana")
    subject = provider.person(preferred_username=name, email=f"{name}@example.com", email_verified=True)
    assert browser.get("/auth/ways").json() == {"provider": NAME}
    answer = sign_in(browser, provider, subject, to="/alerts?state=open")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/alerts?state=open")
    assert answer.headers["cache-control"] == "no-store"
    assert HANDSHAKE not in browser.cookies
    cookie = SimpleCookie(answer.headers.get_list("set-cookie")[0])[SESSION]
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/")
    assert (me(browser)["username"], me(browser)["email"]) == (name.casefold(), f"{name}@example.com")
    csrf = browser.get("/auth/session").json()["csrf_token"]
    made = browser.post("/servers", json={"server_name": unique("oven")}, headers={"Sentinela-CSRF": csrf})
    assert made.status_code == 201, "the session is a password's"


def test_what_the_provider_is_asked(browser: httpx.Client, api: Alone) -> None:
    answer = browser.post("/auth/oidc", json={})
    query = {name: value for name, (value,) in parse_qs(urlsplit(answer.json()["authorization_url"]).query).items()}
    assert query["redirect_uri"] == f"{api.url}/auth/oidc/callback"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert set(query["scope"].split()) == {"openid", "profile", "email"}
    assert len({query[name] for name in ("state", "nonce", "code_challenge")}) == 3
    assert all(len(query[name]) == 43 for name in ("state", "nonce", "code_challenge")), "32 random bytes, or a SHA-256"
    cookie = SimpleCookie(answer.headers["set-cookie"])[HANDSHAKE]
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["max-age"]) == (True, "lax", "600")


def test_the_same_person_comes_back_under_whatever_name(api: Alone, provider: Provider) -> None:
    subject = provider.person(preferred_username=unique("bruno"))
    with api.client() as browser:
        sign_in(browser, provider, subject)
        first = me(browser)
    provider.http.put(f"/users/{subject}", json={"preferred_username": unique("renamed")}).raise_for_status()
    with api.client() as browser:
        sign_in(browser, provider, subject)
        assert me(browser) == first


def test_an_account_is_never_taken_over_by_its_name_or_address(
    api: Alone, client: httpx.Client, provider: Provider, user: User
) -> None:
    address = f"{user.username}@example.com"
    client.patch("/auth/me", json={"email": address}, headers=user.headers).raise_for_status()
    with api.client() as browser:
        same_name = provider.person(preferred_username=user.username.upper())
        assert sign_in(browser, provider, same_name).headers["location"] == "/ui/?sign_in=username-taken"
        assert SESSION not in browser.cookies
        same_address = provider.person(preferred_username=unique("other"), email=address, email_verified=True)
        assert sign_in(browser, provider, same_address).headers["location"] == "/ui/"
        assert me(browser)["id"] != user.id


def test_an_address_that_the_provider_has_not_verified_is_not_kept(browser: httpx.Client, provider: Provider) -> None:
    subject = provider.person(preferred_username=unique("dora"), email="director@example.com", email_verified=False)
    sign_in(browser, provider, subject)
    assert me(browser)["email"] is None


def test_who_is_not_invited_stays_out_and_who_is_joins(
    closed: Alone, client: httpx.Client, provider: Provider, user: User
) -> None:
    workspace = client.get("/auth/me", headers=user.headers).json()["workspaces"][0]["workspace_ulid"]
    made = client.post(f"/workspaces/{workspace}/invitations", json={"role": "viewer"}, headers=user.headers)
    subject = provider.person(preferred_username=unique("eva"))
    with closed.client() as browser:
        assert sign_in(browser, provider, subject).headers["location"] == "/ui/?sign_in=registration-closed"
        assert SESSION not in browser.cookies
        answer = sign_in(browser, provider, subject, invitation=made.json()["token"])
        assert answer.headers["location"] == "/ui/"
        (joined,) = me(browser)["workspaces"]  # type: ignore[misc]
        assert (joined["workspace_ulid"], joined["role"]) == (workspace, "viewer")
        assert sign_in(browser, provider, subject).headers["location"] == "/ui/", "who has an account comes in again"


def test_who_was_here_already_is_asked_before_they_join(
    api: Alone, client: httpx.Client, provider: Provider, user: User
) -> None:
    workspace = client.get("/auth/me", headers=user.headers).json()["workspaces"][0]["workspace_ulid"]
    made = client.post(f"/workspaces/{workspace}/invitations", json={"role": "viewer"}, headers=user.headers).json()
    subject = provider.person(preferred_username=unique("fabio"))
    with api.client() as browser:
        sign_in(browser, provider, subject)
        answer = sign_in(browser, provider, subject, invitation=made["token"])
        assert answer.headers["location"] == f"/ui/invitation#{made['token']}"
        assert len(me(browser)["workspaces"]) == 1  # type: ignore[arg-type]


def test_a_sign_in_stands_in_the_record_and_in_what_is_known_of_a_person(
    browser: httpx.Client, provider: Provider
) -> None:
    subject = provider.person(preferred_username=unique("gil"))
    sign_in(browser, provider, subject)
    entries = browser.get("/audit", params={"action": "session.open"}).json()
    assert entries[0]["after"] == {"kind": "browser", "issuer": provider.url}
    assert entries[0]["address"] == "127.0.0.1"
    assert browser.get("/audit", params={"action": "user.register"}).json()
    (identity,) = browser.get("/auth/me/export").json()["identities"]
    assert (identity["issuer"], identity["subject"]) == (provider.url, subject)


def test_the_session_before_it_ends(api: Alone, browser: httpx.Client, provider: Provider) -> None:
    subject = provider.person(preferred_username=unique("hugo"))
    sign_in(browser, provider, subject)
    old = browser.cookies[SESSION]
    address = provider.consent(begin(browser), subject)
    # A strict cookie does not come along when another site leads the browser here.
    browser.cookies.delete(SESSION)
    browser.get(address)
    assert browser.cookies[SESSION] != old
    with api.client() as other:
        assert_problem(other.get("/auth/session", headers={"Cookie": f"{SESSION}={old}"}), 401)


def test_an_answer_serves_once(browser: httpx.Client, provider: Provider) -> None:
    address = provider.consent(begin(browser), provider.person(preferred_username=unique("ines")))
    sealed = browser.cookies[HANDSHAKE]
    assert browser.get(address).headers["location"] == "/ui/"
    browser.cookies.clear()
    assert browser.get(address).headers["location"] == "/ui/?sign_in=sign-in-lost"
    answer = browser.get(address, headers={"Cookie": f"{HANDSHAKE}={sealed}"})
    assert answer.headers["location"] == "/ui/?sign_in=provider-refused", "the provider takes a code once"
    assert SESSION not in browser.cookies


def test_an_answer_counts_in_the_browser_alone_that_asked(
    api: Alone, browser: httpx.Client, provider: Provider
) -> None:
    address = provider.consent(begin(browser), provider.person(preferred_username=unique("joana")))
    with api.client() as victim:
        assert victim.get(address).headers["location"] == "/ui/?sign_in=sign-in-lost"
        begin(victim)
        assert victim.get(address).headers["location"] == "/ui/?sign_in=sign-in-lost", "another sign-in's state"
        assert HANDSHAKE in victim.cookies, "what is under way goes on"
        assert SESSION not in victim.cookies
    assert browser.get(address).headers["location"] == "/ui/"


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\nb", "/\t/evil.example", "/a b"]
)
def test_it_leads_to_no_other_site(browser: httpx.Client, to: str) -> None:
    assert_refused(browser.post("/auth/oidc", json={"to": to}), "to")


def test_another_site_cannot_begin_it(browser: httpx.Client) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert_problem(browser.post("/auth/oidc", json={}, headers=headers), 403)
