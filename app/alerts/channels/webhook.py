"""Webhooks: a POST of JSON, signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx

from app.alerts.channels import http
from app.alerts.channels.addresses import Resolve, resolve
from app.alerts.channels.base import Channel, Destination, Fields, Message, Outcome
from app.core import clock
from app.core.settings import Settings

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of one


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
    created = clock.format_instant(message.created_at)
    content = http.encode({"type": message.event, "timestamp": created, "data": dict(message.body)})
    timestamp = int(clock.now().timestamp())
    headers = {
        "webhook-id": message.notification_ulid,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message.to.secret, message.notification_ulid, timestamp, content),
    }
    url = httpx.URL(message.to.target)
    answer = await http.post(url, content, headers, settings.webhook_allowed_networks, look_up)
    # An address that answers with what is none of the workspace's business tells it by its status alone.
    return http.judge(answer if isinstance(answer, Outcome) else replace(answer, text=""))


def configure(_settings: Settings, fields: Fields, before: Destination | None) -> Destination:
    """The URL; the secret is made once."""
    return Destination(
        fields.get("url") or (before.target if before else ""), before.secret if before else new_secret()
    )


def show(target: str, _settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": target}


CHANNEL = Channel(send, configure, show, frozenset({"url"}), per_minute=600, group_seconds=0)
