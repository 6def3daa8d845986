"""The OIDC provider of this installation: what it publishes of itself, and how a code becomes an identity."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import structlog
from pydantic_core import from_json

from app.auth import id_tokens
from app.auth.errors import ProviderAway, ProviderRefused
from app.auth.id_tokens import Identity, Key, UnknownKey
from app.core.settings import Settings, is_https_or_loopback
from app.core.text import first_line

CALLBACK = "/auth/oidc/callback"
SCOPE = "openid profile email"
# For one exchange with the provider; people wait for two of them, the first time for four.
PATIENCE_SECONDS = 10
# Its document has some 5 kB, its keys as many, a token two; more is no answer of a provider.
MAX_ANSWER_BYTES = 2**20
# So long what it publishes is believed. A key that was not there yet is asked for at once, once in this many seconds.
FRESH_SECONDS = 3600
AGAIN_SECONDS = 30
# After a failure people are told at once for so long, instead of waiting for it in turn.
REST_SECONDS = 3
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
AWAY = "The provider does not answer as it should; try again in a moment."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Published:
    """What the provider says of itself, and since when we know it (monotonic seconds)."""

    document: Mapping[str, Any]
    keys: tuple[Key, ...]
    since: float


class Provider:
    """The provider as one process knows it."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._redirect_uri = settings.public_url + CALLBACK
        self._http = httpx.AsyncClient(timeout=PATIENCE_SECONDS, follow_redirects=False)
        self._published: Published | None = None
        self._failed = float("-inf")
        self._asking = asyncio.Lock()

    async def close(self) -> None:
        await self._http.aclose()

    async def authorization_url(self, *, state: str, nonce: str, challenge: str) -> str:
        """Where the browser goes to sign in. Raises: ProviderAway."""
        published = await self._what_is_published()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(published.document["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def check_issuer(self, issuer: str | None) -> None:
        """Refuse an answer that another provider's may be (RFC 9207). Raises: ProviderAway, IdentityUnproved."""
        published = await self._what_is_published()
        must_say = published.document.get("authorization_response_iss_parameter_supported") is True
        if issuer != self._issuer and (must_say or issuer is not None):
            raise id_tokens.unproved(f"the answer comes from {issuer!r}")

    async def identify(self, *, code: str, verifier: str, nonce: str) -> Identity:
        """Who the code was given to. Raises: ProviderAway, ProviderRefused, IdentityUnproved."""
        published = await self._what_is_published()
        token = await self._redeem(published.document, code, verifier)
        try:
            return self._read(token, published, nonce)
        except UnknownKey:
            published = await self._what_is_published(newer_than=published)
        try:
            return self._read(token, published, nonce)
        except UnknownKey:
            raise id_tokens.unproved("signed by a key that the provider does not publish") from None

    def _read(self, token: str, published: Published, nonce: str) -> Identity:
        return id_tokens.read(token, published.keys, issuer=self._issuer, client_id=self._client_id, nonce=nonce)

    async def _redeem(self, document: Mapping[str, Any], code: str, verifier: str) -> str:
        """The ID token for a code, which serves once."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if "client_secret_basic" in methods:
            # RFC 6749, section 2.3.1: both are form-encoded first.
            auth = httpx.BasicAuth(quote_plus(self._client_id), quote_plus(self._secret))
        else:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        status, answer = await self._ask("POST", document["token_endpoint"], data=form, auth=auth)
        if status >= 500:
            raise _away("token_endpoint", f"status {status}")
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            log.warning("oidc_refused", status=status, error=str(answer.get("error"))[:100])
            raise ProviderRefused("The provider did not let you in.")
        return token

    async def _what_is_published(self, newer_than: Published | None = None) -> Published:
        """What is known, asked for anew when it is old, or older than a token that it does not explain."""
        async with self._asking:
            known, now = self._published, time.monotonic()
            enough = AGAIN_SECONDS if known is newer_than else FRESH_SECONDS
            if known is not None and now - known.since < enough:
                return known
            if now - self._failed < REST_SECONDS:
                raise ProviderAway(AWAY)
            try:
                self._published = await self._fetch()
            except ProviderAway:
                self._failed = time.monotonic()
                raise
            return self._published

    async def _fetch(self) -> Published:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._get(address)
        if document.get("issuer") != self._issuer:
            raise _away(
                address, f"it calls itself {str(document.get('issuer'))[:200]!r}: OIDC_ISSUER must say the same"
            )
        for name in ENDPOINTS:
            if not isinstance(document.get(name), str) or not is_https_or_loopback(document[name]):
                raise _away(address, f"{name} is no https address")
        keys = (await self._get(document["jwks_uri"])).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise _away(document["jwks_uri"], "no keys")
        return Published(document, tuple(keys), time.monotonic())

    async def _get(self, address: str) -> Mapping[str, Any]:
        status, answer = await self._ask("GET", address)
        if status != 200:
            raise _away(address, f"status {status}")
        return answer

    async def _ask(self, method: str, address: str, **options: Any) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON object of the answer; an empty object where there is none."""
        headers = {"Accept": "application/json"}
        try:
            async with (
                asyncio.timeout(PATIENCE_SECONDS),
                self._http.stream(method, address, headers=headers, **options) as answer,
            ):
                content = await _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise _away(address, first_line(error)) from None
        try:
            parsed = from_json(content, allow_inf_nan=False)
        except ValueError:
            parsed = None
        return answer.status_code, parsed if isinstance(parsed, dict) else {}


async def _bounded(answer: httpx.Response) -> bytes:
    content = b""
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MAX_ANSWER_BYTES:
            raise _away(str(answer.url), f"more than {MAX_ANSWER_BYTES} bytes")
    return content


def _away(address: str, reason: str) -> ProviderAway:
    log.warning("oidc_provider_away", address=address, reason=reason)
    return ProviderAway(AWAY)
