"""What connecting an account does not take: others' answers, others' cookies, stolen ways back, a changed password."""

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import NewUser, User
from tests.contract.alone import Alone
from tests.contract.browser import sign_in, signed_in
from tests.contract.calls import unique
from tests.contract.forger import Forger
from tests.contract.oidc_provider import begin, begin_to_connect, shared
from tests.contract.problems import assert_problem
from tests.contract.test_oidc_attacks import come_back, named
from tests.system import System, free_port

SESSION, HANDSHAKE = "sentinela_session", "sentinela_oidc"
IDENTITIES = "/auth/me/identities"
CONFIRM, DISCONNECT = f"{IDENTITIES}/confirm", f"{IDENTITIES}/disconnect"
PROVED = "/ui/profile?connect=proved"
LOST = "urn:sentinela:problem:connection-lost"
NEW = "amber-heron-17"


@pytest.fixture(scope="module")
def forger() -> Iterator[Forger]:
    running = Forger()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def api(system: System, forger: Forger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    port, folder = free_port(), tmp_path_factory.mktemp("connecting")
    # Wrong answers are counted by address: apart from what other tests count at this one.
    own = {"LOGIN_ATTEMPTS": "3", "CACHE_URL": str(httpx.URL(system.redis_url).copy_with(path="/6"))}
    running = Alone(folder, port=port, **shared(system), **named(forger.url, port), **own).until_ready()
    yield running
    running.stop()


@pytest.fixture
def person(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture
def browser(api: Alone, person: User, forger: Forger) -> Iterator[httpx.Client]:
    """The person's, signed in by password."""
    forger.status = 200
    with signed_in(api, person) as session:
        yield session


@pytest.fixture
def thief(api: Alone, new_user: NewUser) -> Iterator[httpx.Client]:
    """Somebody else's browser, signed in by password to their own account."""
    with signed_in(api, new_user()) as session:
        yield session


def prove(browser: httpx.Client, forger: Forger, address: str, subject: str | None = None) -> str:
    """Come back as somebody of the provider; where that leads."""
    forger.token = forger.sign(forger.claims(address, sub=subject or unique("sub")))
    return come_back(browser, address).headers["location"]


def assert_lost(browser: httpx.Client) -> None:
    assert assert_problem(browser.post(CONFIRM), 409)["type"] == LOST
    assert browser.get(IDENTITIES).json() == []


def plant(browser: httpx.Client, sealed: str) -> None:
    """Put a cookie of the way into a browser."""
    browser.cookies.delete(HANDSHAKE) if HANDSHAKE in browser.cookies else None
    browser.cookies.set(HANDSHAKE, sealed, domain="127.0.0.1", path="/")


def test_the_way_that_is_right_connects(browser: httpx.Client, forger: Forger, person: User) -> None:
    assert prove(browser, forger, begin_to_connect(browser, person)) == PROVED
    assert browser.post(CONFIRM).status_code == 200
    assert_problem(browser.post(CONFIRM), 409)


def test_an_answer_that_was_made_for_another_connects_nothing(
    browser: httpx.Client, forger: Forger, person: User
) -> None:
    address = begin_to_connect(browser, person)
    forger.token = forger.sign(forger.claims(address, nonce="another's"))
    assert come_back(browser, address).headers["location"] == "/ui/profile?connect=identity-unproved"
    assert HANDSHAKE not in browser.cookies, "begin anew"
    assert_lost(browser)


def test_nobody_is_led_back_with_somebody_elses_answer(
    browser: httpx.Client, thief: httpx.Client, forger: Forger, person: User, api: Alone
) -> None:
    address = begin_to_connect(browser, person)
    theirs = begin(thief)
    assert prove(browser, forger, theirs) == "/ui/?sign_in=sign-in-lost"
    assert HANDSHAKE in browser.cookies, "what is under way goes on"
    assert_lost(browser)
    assert prove(browser, forger, address) == PROVED


def test_a_way_that_was_stolen_is_worth_nothing_in_another_session(
    browser: httpx.Client, thief: httpx.Client, forger: Forger, person: User
) -> None:
    address = begin_to_connect(browser, person)
    plant(thief, browser.cookies[HANDSHAKE])
    assert prove(thief, forger, address, "the thief") == PROVED
    assert_lost(thief)
    assert browser.get(IDENTITIES).json() == [], "the thief's identity opens no account of the person's"
    assert prove(browser, forger, address) == PROVED
    plant(thief, browser.cookies[HANDSHAKE])
    assert_lost(thief)


def test_a_way_that_was_planted_binds_nobody_to_the_planters_account(
    browser: httpx.Client, thief: httpx.Client, forger: Forger, api: Alone, new_user: NewUser
) -> None:
    planter = new_user()
    with signed_in(api, planter) as theirs:
        address = begin_to_connect(theirs, planter)
        plant(browser, theirs.cookies[HANDSHAKE])
        assert prove(browser, forger, address, "the victim") == PROVED
        assert_lost(browser)
        assert theirs.get(IDENTITIES).json() == []


def test_a_way_to_connect_signs_nobody_in(api: Alone, browser: httpx.Client, forger: Forger, person: User) -> None:
    address = begin_to_connect(browser, person)
    with api.client() as nobody:
        plant(nobody, browser.cookies[HANDSHAKE])
        assert prove(nobody, forger, address) == PROVED
        assert SESSION not in nobody.cookies
        assert_problem(nobody.post(CONFIRM), 401)
        again = prove(nobody, forger, address)
        assert (again, SESSION in nobody.cookies) == ("/ui/?sign_in=sign-in-lost", False), "what is proved is no way"


def test_a_sign_in_connects_nothing(browser: httpx.Client, forger: Forger) -> None:
    address = begin(browser)
    assert_lost(browser)
    assert prove(browser, forger, address) == "/ui/"
    browser.headers["Sentinela-CSRF"] = browser.get("/auth/session").json()["csrf_token"]
    assert assert_problem(browser.post(CONFIRM), 409)["type"] == LOST


def test_a_way_under_way_is_no_proof_yet(browser: httpx.Client, person: User) -> None:
    begin_to_connect(browser, person)
    assert_lost(browser)


@pytest.mark.parametrize("sealed", ["x", "a.b.c"])
def test_a_made_up_proof_connects_nothing(browser: httpx.Client, sealed: str) -> None:
    plant(browser, sealed)
    assert_lost(browser)


def test_a_password_that_changes_on_the_way_ends_it(browser: httpx.Client, forger: Forger, person: User) -> None:
    address = begin_to_connect(browser, person)
    changed = {"old_password": person.password, "new_password": NEW}
    browser.post("/auth/password", json=changed).raise_for_status()
    assert prove(browser, forger, address) == PROVED
    assert_lost(browser)


def test_a_password_that_changes_after_the_proof_ends_it(browser: httpx.Client, forger: Forger, person: User) -> None:
    prove(browser, forger, begin_to_connect(browser, person))
    changed = {"old_password": person.password, "new_password": NEW}
    browser.post("/auth/password", json=changed).raise_for_status()
    assert_lost(browser)


def test_a_session_that_ends_on_the_way_ends_it(browser: httpx.Client, forger: Forger, person: User) -> None:
    address = begin_to_connect(browser, person)
    browser.post("/auth/logout").raise_for_status()
    assert prove(browser, forger, address) == PROVED
    assert_problem(browser.post(CONFIRM), 401)
    browser.headers["Sentinela-CSRF"] = sign_in(browser, person).json()["csrf_token"]
    assert_lost(browser)


def test_an_account_that_is_deleted_on_the_way_ends_it(
    api: Alone, browser: httpx.Client, forger: Forger, person: User
) -> None:
    address = begin_to_connect(browser, person)
    browser.post("/auth/me/delete", json={"password": person.password}).raise_for_status()
    assert prove(browser, forger, address, "the orphan") == PROVED
    assert_problem(browser.post(CONFIRM), 401)
    with api.client() as other:
        address = begin(other)
        assert prove(other, forger, address, "the orphan") == "/ui/"
        assert other.get("/auth/session").json()["user"]["id"] != person.id, "the identity is free"


def test_another_site_neither_begins_nor_confirms_nor_disconnects(
    browser: httpx.Client, forger: Forger, person: User
) -> None:
    prove(browser, forger, begin_to_connect(browser, person))
    ours = browser.headers.pop("Sentinela-CSRF")
    named_one = {"issuer": forger.url, "subject": "s", "password": person.password}
    bodies = {IDENTITIES: {"password": person.password}, CONFIRM: None, DISCONNECT: named_one}
    for path, body in bodies.items():
        assert_problem(browser.post(path, json=body), 403)
        headers = {"Sentinela-CSRF": ours, "Sec-Fetch-Site": "cross-site"}
        assert_problem(browser.post(path, json=body, headers=headers), 403)
    browser.headers["Sentinela-CSRF"] = ours
    assert browser.get(IDENTITIES).json() == []
    assert browser.post(CONFIRM).status_code == 200


@pytest.mark.parametrize("path", [IDENTITIES, DISCONNECT])
def test_the_password_is_guessed_at_no_faster_here(
    browser: httpx.Client, forger: Forger, person: User, path: str
) -> None:
    body = {"password": "a guess"} | ({"issuer": forger.url, "subject": "s"} if path == DISCONNECT else {})
    statuses = [browser.post(path, json=body).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert_problem(sign_in(browser, person), 429)


def test_who_is_refused_at_the_provider_is_told_on_their_profile(
    browser: httpx.Client, forger: Forger, person: User
) -> None:
    address = begin_to_connect(browser, person)
    forger.status = 400
    assert prove(browser, forger, address) == "/ui/profile?connect=provider-refused"
    assert_lost(browser)
