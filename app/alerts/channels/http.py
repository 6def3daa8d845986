"""A POST of JSON to a judged address: no proxy, no redirect, no answer longer than is worth reading."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx

from app.alerts.channels.addresses import Refused, Resolve, checked, resolve
from app.alerts.channels.base import DELIVERED, Outcome

# A receiver that needs longer should answer first and work afterwards; it holds one of our places meanwhile.
TIMEOUT_SECONDS = 10
# Busy or broken receivers may be well later; so may those that forgot a route for the time of a deployment.
MAY_HELP = frozenset({404, 408, 425, 429, *range(500, 600)})
# Receivers that explain themselves do so in a line or two.
MAX_ANSWER_BYTES = 2000
# Whoever asks for longer is asked again after this.
MAX_QUIET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: its status, the beginning of its text, and for how long it wants peace."""

    status: int
    text: str
    quiet_seconds: float = 0.0


def encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def post(
    url: httpx.URL, content: bytes, headers: Mapping[str, str], networks: str | None, look_up: Resolve = resolve
) -> Answer | Outcome:
    """The receiver's answer, or why there is none; never raises for what the receiver or the network does.

    `networks` are allowed beside public addresses; None: the operator chose the URL, and nothing is judged.
    """
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            if networks is None:
                return await _post(url, url.host, content, headers)
            port = url.port or (443 if url.scheme == "https" else 80)
            return await _post_to_any(url, await checked(url.host, port, networks, look_up), content, headers)
    except Refused as error:
        return Outcome(str(error), may_help=False)
    except TimeoutError:
        return Outcome(f"{url.host} did not answer within {TIMEOUT_SECONDS} s")
    except (httpx.HTTPError, OSError) as error:
        return Outcome(f"{url.host} cannot be reached: {error or type(error).__name__}"[:500])


def judge(answer: Answer | Outcome) -> Outcome:
    """The outcome that a status means."""
    if isinstance(answer, Outcome):
        return answer
    if 200 <= answer.status < 300:
        return DELIVERED
    if 300 <= answer.status < 400:
        return Outcome(f"The receiver answered {answer.status}: redirects are not followed", may_help=False)
    said = f": {answer.text}" if answer.text else ""
    error = f"The receiver answered {answer.status}{said}"
    return Outcome(error, may_help=answer.status in MAY_HELP, quiet_seconds=answer.quiet_seconds)


async def _post_to_any(url: httpx.URL, addresses: list[str], content: bytes, headers: Mapping[str, str]) -> Answer:
    """At the first address that can be reached, for a name may have some that cannot from here."""
    for address in addresses[:-1]:
        try:
            return await _post(url, address, content, headers)
        except httpx.ConnectError:
            continue
    return await _post(url, addresses[-1], content, headers)


async def _post(url: httpx.URL, address: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    sent = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "Sentinela",
        # What is opened can be a thousand times what is sent.
        "Accept-Encoding": "identity",
        **headers,
    }
    # The certificate is that of the name, whichever of its addresses was judged; no proxy and no redirect leads away.
    names = {"sni_hostname": url.host}
    async with (
        httpx.AsyncClient(
            trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS, verify=_certificates()
        ) as client,
        client.stream("POST", url.copy_with(host=address), content=content, headers=sent, extensions=names) as answer,
    ):
        quiet = _quiet_seconds(answer.headers.get("Retry-After", "")) if answer.status_code in (429, 503) else 0.0
        return Answer(answer.status_code, await _beginning(answer), quiet)


async def _beginning(answer: httpx.Response) -> str:
    read = b""
    async for piece in answer.aiter_raw():
        read += piece
        if len(read) >= MAX_ANSWER_BYTES:
            break
    return read[:MAX_ANSWER_BYTES].decode(errors="replace").replace("\x00", "\ufffd")


def _quiet_seconds(text: str) -> float:
    """Seconds of a Retry-After; those that name a date count as one minute."""
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_QUIET_SECONDS)
    return 60.0 if text else 0.0


@lru_cache
def _certificates() -> ssl.SSLContext:
    """Read once: it costs some 20 ms of CPU time each time."""
    return httpx.create_ssl_context(trust_env=False)
