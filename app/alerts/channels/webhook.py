"""Webhooks: a POST of JSON, signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature)."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets

import httpx

from app.alerts.channels.addresses import Refused, Resolve, checked, resolve
from app.alerts.channels.base import DELIVERED, Message, Outcome
from app.core import clock
from app.core.settings import Settings

# A receiver that needs longer should answer first and work afterwards; it holds one of our places meanwhile.
TIMEOUT_SECONDS = 10
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of one
# Busy or broken receivers may be well later; so may those that forgot a route for the time of a deployment.
_MAY_HELP = frozenset({404, 408, 425, 429, *range(500, 600)})


def new_secret() -> str:
    """A secret to sign with; the receiver checks signatures by the same."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, notification_ulid: str, timestamp: int, content: bytes) -> str:
    """The signature of a delivery: `v1,` and an HMAC of SHA-256 over id, seconds since 1970 and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{notification_ulid}.{timestamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


async def send(settings: Settings, message: Message, look_up: Resolve = resolve) -> Outcome:
    """Deliver once; never raises for what the receiver or the network does."""
    url = httpx.URL(message.target)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            address = await checked(url.host, url.port or _port(url), settings.webhook_allowed_networks, look_up)
            return _judge(await _post(url, address, message))
    except Refused as error:
        return Outcome(str(error), may_help=False)
    except TimeoutError:
        return Outcome(f"{url.host} did not answer within {TIMEOUT_SECONDS} s")
    except (httpx.HTTPError, OSError) as error:
        return Outcome(f"{url.host} cannot be reached: {error or type(error).__name__}"[:500])


async def _post(url: httpx.URL, address: str, message: Message) -> int:
    """The status of the answer; of its body nothing is read."""
    content = json.dumps(
        {"type": message.event, "timestamp": clock.format_instant(message.created_at), "data": dict(message.body)},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    timestamp = int(clock.now().timestamp())
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "Sentinela",
        "webhook-id": message.notification_ulid,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message.secret, message.notification_ulid, timestamp, content),
    }
    # The certificate is that of the name, whichever of its addresses was judged; no proxy and no redirect leads away.
    names = {"sni_hostname": url.host}
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS) as client,
        client.stream(
            "POST", url.copy_with(host=address), content=content, headers=headers, extensions=names
        ) as answer,
    ):
        return answer.status_code


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return DELIVERED
    if 300 <= status < 400:
        return Outcome(f"The receiver answered {status}: redirects are not followed", may_help=False)
    return Outcome(f"The receiver answered {status}", may_help=status in _MAY_HELP)


def _port(url: httpx.URL) -> int:
    return 443 if url.scheme == "https" else 80
