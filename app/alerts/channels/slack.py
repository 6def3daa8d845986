"""Slack, and what takes its incoming webhooks (Mattermost, Rocket.Chat): a POST of `{"text": …}`."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx

from app.alerts.channels import http, texts
from app.alerts.channels.addresses import Resolve, resolve
from app.alerts.channels.base import Channel, Destination, Fields, Message, Outcome
from app.core.settings import Settings

# Slack cuts at 40,000 characters; a message of this length is longer than anybody reads.
MAX_TEXT = 3000
_EXPLANATION = re.compile(r"[a-z_]{1,60}")


async def send(settings: Settings, message: Message, look_up: Resolve = resolve) -> Outcome:
    """Deliver once; never raises for what the receiver or the network does."""
    text = texts.compose(message, settings.public_url)
    body = {"text": f"*{escape(text.title)}*\n{escape(text.details)}"[:MAX_TEXT]}
    url = httpx.URL(message.to.secret)
    answer = await http.post(url, http.encode(body), {}, settings.webhook_allowed_networks, look_up)
    # Slack explains itself in a word, `no_service`; anything longer comes from somebody else and is shown to nobody.
    if isinstance(answer, http.Answer) and not _EXPLANATION.fullmatch(answer.text):
        answer = replace(answer, text="")
    return http.judge(answer)


def escape(text: str) -> str:
    """What Slack reads as links, mentions or markup stands for itself."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return text


def configure(_settings: Settings, fields: Fields, before: Destination | None) -> Destination:
    """Whoever knows the URL may post, so it is kept as a secret; host and beginning tell which it is."""
    url = fields.get("url")
    if url is None and before:
        return before
    shown = httpx.URL(str(url))
    return Destination(f"{shown.scheme}://{shown.netloc.decode()}/…", str(url))


def show(target: str, _settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": target}


# One a second is what Slack takes.
CHANNEL = Channel(send, configure, show, frozenset({"url"}), per_minute=60)
