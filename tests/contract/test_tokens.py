"""The access token: what it says, and that nothing but our own signature makes it true."""

import base64
import hmac
import json
from typing import Any

import httpx
import jwt
import pytest

from tests.conftest import User
from tests.contract.calls import bearer
from tests.contract.problems import assert_problem
from tests.system import System

FOREIGN_SECRET = "7c1f0d3a9b24e8566f0a1b9c8d7e6f5a4b3c2d1e0f9a8b7c"


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}."


@pytest.fixture
def own_secret(system: System) -> str:
    """The installation's signing key, which lies in its data folder."""
    secret: str = (system.data_dir / "secret_key").read_text().strip()
    return secret


def ask(client: httpx.Client, token: str) -> httpx.Response:
    return client.get("/auth/me", headers=bearer(token))


def test_token_tells_whose_it_is_and_how_long_it_lasts(client: httpx.Client, user: User) -> None:
    response = client.post("/auth/login", json={"username": user.username, "password": user.password})
    claims = claims_of(response.json()["access_token"])
    me = client.get("/auth/me", headers=user.headers).json()
    assert claims["sub"] == str(me["id"])
    assert claims["exp"] - claims["iat"] == response.json()["expires_in"]
    assert claims["jti"]
    assert claims["jti"] != claims_of(user.token)["jti"]


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_a_token_without_signature_is_refused(client: httpx.Client, user: User, algorithm: str) -> None:
    assert_problem(ask(client, unsigned(claims_of(user.token), algorithm)), 401)


def test_a_signed_token_whose_signature_was_cut_off_is_refused(client: httpx.Client, user: User) -> None:
    assert_problem(ask(client, user.token.rsplit(".", 1)[0] + "."), 401)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_foreign_signature_is_refused(client: httpx.Client, user: User, algorithm: str) -> None:
    forged = jwt.encode(claims_of(user.token), FOREIGN_SECRET * 2, algorithm=algorithm)
    assert_problem(ask(client, forged), 401)


def test_changed_claims_under_the_old_signature_are_refused(client: httpx.Client, user: User, stranger: User) -> None:
    header, _, signature = user.token.split(".")
    claims = stranger.token.split(".")[1]
    assert_problem(ask(client, f"{header}.{claims}.{signature}"), 401)


def test_our_own_signature_is_accepted(client: httpx.Client, user: User, own_secret: str) -> None:
    signed = jwt.encode(claims_of(user.token), own_secret, algorithm="HS256")
    assert ask(client, signed).status_code == 200, "the other tests sign as the system does"


@pytest.mark.parametrize("audience", ["", "somebody else", ["a", "b"], None, 7])
def test_a_token_for_another_audience_is_refused(
    client: httpx.Client, user: User, own_secret: str, audience: object
) -> None:
    claims = {**claims_of(user.token), "aud": audience}
    forged = own_signature(claims, own_secret)
    assert_problem(ask(client, forged), 401)
    del claims["aud"]
    assert_problem(ask(client, jwt.encode(claims, own_secret, algorithm="HS256")), 401)


def own_signature(claims: dict[str, Any], key: str) -> str:
    """Signed as the system signs, whatever the claims are; the library refuses to make some of them."""
    signed = jwt.api_jws.encode(json.dumps(claims).encode(), key, algorithm="HS256")
    return str(signed)


@pytest.mark.parametrize("key", ["", "\x00", "secret", "changeme", "sentinela"])
def test_a_token_signed_with_an_empty_or_common_key_is_refused(client: httpx.Client, user: User, key: str) -> None:
    head, body = user.token.split(".")[:2]
    digest = hmac.digest(key.encode(), f"{head}.{body}".encode(), "sha256")
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert_problem(ask(client, f"{head}.{body}.{signature}"), 401)


def test_a_key_smuggled_into_the_header_is_not_used(client: httpx.Client, user: User) -> None:
    """`jwk`, `jku` and `kid` let a forger name his own key where they are obeyed."""
    named = {"jwk": {"kty": "oct", "k": "c2VjcmV0"}, "jku": "https://evil.example/keys", "kid": "../../dev/null"}
    forged = jwt.encode(claims_of(user.token), FOREIGN_SECRET, algorithm="HS256", headers=named)
    assert_problem(ask(client, forged), 401)


@pytest.mark.parametrize("past", [1, 3_600, 10**9])
def test_an_expired_token_is_refused(client: httpx.Client, user: User, own_secret: str, past: int) -> None:
    claims = claims_of(user.token)
    claims["exp"] = claims["iat"] - past
    claims["iat"] = claims["exp"] - 60
    assert_problem(ask(client, jwt.encode(claims, own_secret, algorithm="HS256")), 401)


@pytest.mark.parametrize("claim", ["exp", "sub", "jti", "iat"])
def test_a_token_that_lacks_a_claim_is_refused(client: httpx.Client, user: User, own_secret: str, claim: str) -> None:
    claims = claims_of(user.token)
    del claims[claim]
    assert_problem(ask(client, jwt.encode(claims, own_secret, algorithm="HS256")), 401)


@pytest.mark.parametrize("subject", ["", "0", "../..", "9" * 40, "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_a_token_of_nobody_is_refused(client: httpx.Client, user: User, own_secret: str, subject: str) -> None:
    claims = {**claims_of(user.token), "sub": subject}
    assert_problem(ask(client, jwt.encode(claims, own_secret, algorithm="HS256")), 401)


@pytest.mark.parametrize(
    "credential",
    [
        "", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer ..", "Basic YTpi", "Token x", "bearer",
        "Bearer snt_k_", "Bearer snt_d_", "Bearer snt_k_" + "x" * 5_000, "Bearer snt_x_0000", "Bearer \u00ff\u00fe",
        "Bearer two words",
    ],
)  # fmt: skip
def test_a_credential_of_another_form_is_refused(client: httpx.Client, credential: str) -> None:
    headers = {b"Authorization": credential.encode("latin-1")}
    assert_problem(client.get("/auth/me", headers=headers), 401)


def test_the_scheme_is_read_in_any_case(client: httpx.Client, user: User) -> None:
    for scheme in ("bearer", "BEARER"):
        assert client.get("/auth/me", headers={"Authorization": f"{scheme} {user.token}"}).status_code == 200


def test_the_signing_key_is_readable_by_its_owner_alone(system: System) -> None:
    assert (system.data_dir / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_token_in_the_url_opens_nothing(client: httpx.Client, user: User) -> None:
    for name in ("access_token", "token", "api_key"):
        assert_problem(client.get("/auth/me", params={name: user.token}), 401)
