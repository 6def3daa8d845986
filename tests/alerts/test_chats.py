"""Slack and Telegram, by a server that stands in for them."""

import pytest

from app.alerts.channels import slack, telegram
from app.alerts.channels.base import Destination, Message, Outcome
from app.core import clock
from app.core.settings import Settings
from tests.alerts.receiver import Receiver
from tests.alerts.test_email import BODY, INCIDENT, ULID

CLOSED = Settings()
OPEN = Settings(webhook_allowed_networks="127.0.0.1/32")
TOKEN = "123456:ABC-def_1"


def message(to: Destination, language: str = "en") -> Message:
    nasty = {**INCIDENT, "server": {"id": "x", "name": "<!channel> & *co*"}}
    return Message(ULID, "incident.opened", clock.now(), {**BODY, "incidents": [nasty]}, to, language)


async def test_slack_gets_a_text_in_which_names_are_only_names(receiver: Receiver) -> None:
    assert await slack.send(OPEN, message(Destination("…", receiver.url("/ok")))) == Outcome()
    assert receiver.deliveries[-1].body == {
        "text": "*[critical] damp: &lt;!channel&gt; &amp; *co**\n"
        "&lt;!channel&gt; &amp; *co*: humidity 61.25 (above 60) (2026-01-31T12:00:00Z)"
    }


async def test_slack_explains_and_asks_for_peace(receiver: Receiver) -> None:
    gone = await slack.send(OPEN, message(Destination("…", receiver.url("/no_service"))))
    assert gone == Outcome("The receiver answered 404: no_service")
    busy = await slack.send(OPEN, message(Destination("…", receiver.url("/busy"))))
    assert (busy.may_help, busy.quiet_seconds) == (True, 7)
    page = await slack.send(OPEN, message(Destination("…", receiver.url("/page"))))
    assert page.error == "The receiver answered 403", "what somebody else says is nobody's business"


async def test_slack_reaches_no_private_address(receiver: Receiver) -> None:
    outcome = await slack.send(CLOSED, message(Destination("…", receiver.url("/ok"))))
    assert (outcome.may_help, "no public address" in str(outcome.error)) == (False, True)


def test_slacks_address_is_a_secret() -> None:
    made = slack.configure(OPEN, {"url": "https://hooks.slack.com/services/T0/B0/secret"}, None)
    assert made.target == "https://hooks.slack.com/…"
    assert made.secret.endswith("/secret")


@pytest.fixture
def api(receiver: Receiver) -> Settings:
    return Settings(telegram_api_url=receiver.url("/telegram/"))


async def test_telegram_gets_a_message(receiver: Receiver, api: Settings) -> None:
    assert await telegram.send(api, message(Destination("-1001", TOKEN), "pt")) == Outcome()
    came = receiver.deliveries[-1]
    assert came.path == f"/telegram/bot{TOKEN}/sendMessage"
    assert came.body["chat_id"] == "-1001"
    assert came.body["text"].startswith("[crítico] damp: <!channel> & *co*\n")


@pytest.mark.parametrize(
    ("chat", "expected"),
    [
        ("-400", Outcome("The receiver answered 400: Bad Request: chat not found", may_help=False)),
        ("-429", Outcome("The receiver answered 429: Too Many Requests", quiet_seconds=5)),
    ],
)
async def test_telegram_explains_itself(api: Settings, chat: str, expected: Outcome) -> None:
    assert await telegram.send(api, message(Destination(chat, TOKEN))) == expected


async def test_telegrams_token_stands_in_no_error() -> None:
    nobody = Settings(telegram_api_url="http://127.0.0.1:1")
    outcome = await telegram.send(nobody, message(Destination("-1001", TOKEN)))
    assert outcome.error
    assert TOKEN not in outcome.error
