"""Telegram: `sendMessage` of its bot API."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from app.alerts.channels import http, texts
from app.alerts.channels.base import Channel, Destination, Fields, Message, Outcome
from app.core.settings import Settings

# What Telegram takes at most.
MAX_TEXT = 4096


async def send(settings: Settings, message: Message) -> Outcome:
    """Deliver once; never raises for what the receiver or the network does."""
    text = texts.compose(message, settings.public_url)
    body = {
        "chat_id": message.to.target,
        "text": f"{text.title}\n{text.details}"[:MAX_TEXT],
        "link_preview_options": {"is_disabled": True},
    }
    # The operator chose the address of the API, so it is not judged.
    url = httpx.URL(f"{settings.telegram_api_url.rstrip('/')}/bot{message.to.secret}/sendMessage")
    answer = await http.post(url, http.encode(body), {}, networks=None)
    return answer if isinstance(answer, Outcome) else _judge(answer)


def _judge(answer: http.Answer) -> Outcome:
    """Telegram explains its refusals, and names the seconds to wait, in the body."""
    try:
        said = json.loads(answer.text)
        description = str(said.get("description", ""))
        quiet = float(said.get("parameters", {}).get("retry_after", 0))
    except (ValueError, AttributeError, TypeError):
        description, quiet = "", 0.0
    quiet = min(max(quiet, answer.quiet_seconds), http.MAX_QUIET_SECONDS)
    return http.judge(http.Answer(answer.status, description[:500], quiet))


def configure(_settings: Settings, fields: Fields, before: Destination | None) -> Destination:
    target = fields.get("chat_id") or (before.target if before else "")
    return Destination(target, fields.get("token") or (before.secret if before else ""))


def show(target: str, _settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"chat_id": target}


# Twenty a minute is what Telegram takes for a group.
CHANNEL = Channel(send, configure, show, frozenset({"chat_id", "token"}), per_minute=20)
