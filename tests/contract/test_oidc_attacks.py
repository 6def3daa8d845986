"""What a sign-in by an OIDC provider does not take: forged tokens, others' answers, a provider that is away."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, quote_plus, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from app.auth import provider as provider_module
from app.auth.errors import IdentityUnproved
from app.auth.provider import Provider
from app.core.settings import Settings
from tests.conftest import User
from tests.contract.alone import Alone
from tests.contract.calls import unique
from tests.contract.forger import CLIENT_ID, SECRET, Forger
from tests.contract.oidc_provider import begin, shared
from tests.contract.problems import assert_problem
from tests.system import System, free_port

SESSION, HANDSHAKE = "sentinela_session", "sentinela_oidc"
UNPROVED = "/ui/?sign_in=identity-unproved"


@pytest.fixture(scope="module")
def forger() -> Iterator[Forger]:
    running = Forger()
    yield running
    running.stop()


def named(issuer: str, port: int) -> dict[str, str]:
    return {
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": SECRET,
    }  # fmt: skip


@pytest.fixture(scope="module")
def api(system: System, forger: Forger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    port, folder = free_port(), tmp_path_factory.mktemp("forged")
    # Wrong answers are counted by address: apart from what other tests count at this one.
    own = {"LOGIN_ATTEMPTS": "3", "CACHE_URL": str(httpx.URL(system.redis_url).copy_with(path="/5"))}
    settings = shared(system) | named(forger.url, port) | own
    running = Alone(folder, port=port, **settings).until_ready()
    yield running
    running.stop()


@pytest.fixture
def browser(api: Alone, forger: Forger) -> Iterator[httpx.Client]:
    forger.status = 200
    with api.client() as client:
        yield client


def come_back(browser: httpx.Client, address: str, **query: str) -> httpx.Response:
    state = parse_qs(urlsplit(address).query)["state"][0]
    return browser.get("/auth/oidc/callback", params={"code": "a code", "state": state, **query})


def test_a_true_token_opens_and_the_code_is_redeemed_with_its_proof(browser: httpx.Client, forger: Forger) -> None:
    address = begin(browser)
    forger.token = forger.sign(forger.claims(address, sub=unique("kim")))
    answer = come_back(browser, address)
    assert (answer.headers["location"], SESSION in browser.cookies) == ("/ui/", True)
    _, authorization, form = next(asked for asked in reversed(forger.asked) if asked[0] == "/token")
    client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    assert client == f"{quote_plus(CLIENT_ID)}:{quote_plus(SECRET)}"
    assert (form["grant_type"], form["code"]) == ("authorization_code", "a code")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert challenge == parse_qs(urlsplit(address).query)["code_challenge"][0]


def test_a_token_for_several_that_is_made_out_to_us_opens(browser: httpx.Client, forger: Forger) -> None:
    address = begin(browser)
    forger.token = forger.sign(forger.claims(address, sub=unique("lea"), aud=[CLIENT_ID, "other"], azp=CLIENT_ID))
    assert come_back(browser, address).headers["location"] == "/ui/"


NOW = int(time.time())
FORGED: dict[str, Callable[[Forger, str], str]] = {
    "another audience": lambda f, a: f.sign(f.claims(a, aud="another")),
    "another audience, with us as its party": lambda f, a: f.sign(f.claims(a, aud="another", azp=CLIENT_ID)),
    "several audiences, none of them named": lambda f, a: f.sign(f.claims(a, aud=[CLIENT_ID, "another"])),
    "another party": lambda f, a: f.sign(f.claims(a, azp="another")),
    "another issuer": lambda f, a: f.sign(f.claims(a, iss="https://evil.example")),
    "another sign-in's nonce": lambda f, a: f.sign(f.claims(a, nonce="A" * 43)),
    "a nonce that is no text": lambda f, a: f.sign(f.claims(a, nonce=7)),
    "no nonce": lambda f, a: f.sign(f.claims(a, nonce=None)),
    "expired": lambda f, a: f.sign(f.claims(a, iat=NOW - 900, exp=NOW - 300)),
    "without an end": lambda f, a: f.sign(f.claims(a, exp=None)),
    "from the future": lambda f, a: f.sign(f.claims(a, iat=NOW + 7200, exp=NOW + 9000)),
    "nobody": lambda f, a: f.sign(f.claims(a, sub="")),
    "a subject that no text of ours may be": lambda f, a: f.sign(f.claims(a, sub="a\x00b")),
    "a subject without end": lambda f, a: f.sign(f.claims(a, sub="a" * 256)),
    "unsigned": lambda f, a: f.sign(f.claims(a), key="", algorithm="none"),
    "signed by the public key": lambda f, a: hs256(f, a, f.public_pem()),
    "signed by the client's secret": lambda f, a: hs256(f, a, SECRET.encode()),
    "signed by a stranger": lambda f, a: f.sign(f.claims(a), key=generate_private_key(65537, 2048)),
    "signed by a key of no name": lambda f, a: f.sign(f.claims(a), kid="unheard of"),
    "signed by another kind of key": lambda f, a: header_says(f, a, "ES256"),
    "changed afterwards": lambda f, a: changed(f, a),
    "no token at all": lambda *_: "not.a.token",
}


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def hs256(forger: Forger, address: str, secret: bytes) -> str:
    """By hand, for the library refuses to make it."""
    signed = f"{_part(json.dumps({'alg': 'HS256', 'kid': forger.kid}).encode())}."
    signed += _part(json.dumps(forger.claims(address)).encode())
    return f"{signed}.{_part(hmac.digest(secret, signed.encode(), 'sha256'))}"


def header_says(forger: Forger, address: str, algorithm: str) -> str:
    _, body, signature = forger.sign(forger.claims(address)).split(".")
    return f"{_part(json.dumps({'alg': algorithm, 'kid': forger.kid}).encode())}.{body}.{signature}"


def changed(forger: Forger, address: str) -> str:
    head, _, signature = forger.sign(forger.claims(address)).split(".")
    _, other, _ = forger.sign(forger.claims(address, sub="somebody else")).split(".")
    return f"{head}.{other}.{signature}"


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_token_opens_nothing(browser: httpx.Client, forger: Forger, forged: str) -> None:
    address = begin(browser)
    forger.token = FORGED[forged](forger, address)
    answer = come_back(browser, address)
    assert (answer.status_code, answer.headers["location"]) == (303, UNPROVED)
    assert SESSION not in browser.cookies
    assert HANDSHAKE not in browser.cookies, "begin anew"


def test_an_answer_in_another_providers_name_opens_nothing(browser: httpx.Client, forger: Forger) -> None:
    address = begin(browser)
    forger.token = forger.sign(forger.claims(address))
    assert come_back(browser, address, iss="https://evil.example").headers["location"] == UNPROVED


def test_somebody_whom_the_provider_refuses_is_told(browser: httpx.Client, forger: Forger) -> None:
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]
    answer = browser.get("/auth/oidc/callback", params={"error": "access_denied", "state": state})
    assert answer.headers["location"] == "/ui/?sign_in=provider-refused"
    address = begin(browser)
    forger.status = 400
    assert come_back(browser, address).headers["location"] == "/ui/?sign_in=provider-refused"


def test_a_provider_that_fails_is_told(browser: httpx.Client, forger: Forger) -> None:
    address = begin(browser)
    forger.status = 503
    assert come_back(browser, address).headers["location"] == "/ui/?sign_in=provider-away"


@pytest.mark.parametrize("sealed", ["", "x", "a.b.c"])
def test_a_made_up_cookie_is_no_sign_in(browser: httpx.Client, api: Alone, sealed: str) -> None:
    address = begin(browser)
    with api.client() as other:
        other.cookies.set(HANDSHAKE, sealed)
        assert come_back(other, address).headers["location"] == "/ui/?sign_in=sign-in-lost"


def test_a_handshake_is_no_access_token_nor_the_other_way_round(browser: httpx.Client, api: Alone, user: User) -> None:
    address = begin(browser)
    sealed = browser.cookies[HANDSHAKE]
    assert_problem(browser.get("/auth/me", headers={"Authorization": f"Bearer {sealed}"}), 401)
    with api.client() as other:
        other.cookies.set(HANDSHAKE, user.token)
        assert come_back(other, address).headers["location"] == "/ui/?sign_in=sign-in-lost"


def test_wrong_answers_are_limited_as_wrong_passwords_are(browser: httpx.Client, forger: Forger) -> None:
    address = begin(browser)
    sealed = browser.cookies[HANDSHAKE]
    forger.status = 400
    places = []
    for _ in range(4):
        browser.cookies.clear()
        browser.cookies.set(HANDSHAKE, sealed)
        places.append(come_back(browser, address).headers["location"].partition("=")[2])
    assert places == ["provider-refused"] * 3 + ["too-many-requests"]


def test_keys_of_no_name_do_not_make_us_ask_again_and_again(browser: httpx.Client, forger: Forger) -> None:
    begin(browser)
    asked = forger.count("/keys")
    for _ in range(5):
        address = begin(browser)
        forger.token = forger.sign(forger.claims(address), kid=unique("kid"))
        assert come_back(browser, address).headers["location"] == UNPROVED
    assert forger.count("/keys") - asked <= 1


async def test_a_new_key_of_the_provider_is_found(forger: Forger, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Provider(Settings(**{name.lower(): value for name, value in named(forger.url, 1).items()}))  # type: ignore[arg-type]
    try:
        address = await ours.authorization_url(state="s", nonce="n", challenge="c")
        forger.status = 200
        forger.change_key()
        forger.token = forger.sign(forger.claims(address))
        with pytest.raises(IdentityUnproved):
            await ours.identify(code="c", verifier="v", nonce="n")
        monkeypatch.setattr(provider_module, "AGAIN_SECONDS", 0)
        assert (await ours.identify(code="c", verifier="v", nonce="n")).subject == "somebody"
    finally:
        await ours.close()


def test_a_provider_that_is_not_there_is_told_in_the_readers_language(
    system: System, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port()
    settings = shared(system) | named(f"http://127.0.0.1:{free_port()}", port)
    running = Alone(tmp_path_factory.mktemp("away"), port=port, **settings).until_ready()
    try:
        with running.client() as client:
            told = assert_problem(client.post("/auth/oidc", json={}, headers={"Accept-Language": "pt-BR"}), 503)
            assert told["detail"].startswith("O provedor não responde")
            assert client.get("/auth/ways").json() == {"provider": "OpenID Connect"}
    finally:
        running.stop()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER must look like https://"),
        ({"OIDC_ISSUER": "id.example.com"}, "OIDC_ISSUER must look like https://"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID must be set"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET must be set"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL must be set"),
    ],
)
def test_half_a_provider_refuses_to_start(changed: dict[str, str], told: str) -> None:
    settings = named("https://id.example.com", 1) | changed
    with pytest.raises(ValueError, match=told):
        Settings(**{name.lower(): value for name, value in settings.items()})  # type: ignore[arg-type]
