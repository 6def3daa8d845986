"""Webhooks: signed as the standard says, and unable to reach what is not public."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Sequence

import pytest

from app.alerts.channels import webhook
from app.alerts.channels.base import Destination, Message, Outcome
from app.alerts.delivering import MAX_ATTEMPTS, MAX_WAIT_SECONDS, wait_seconds
from app.core import clock
from app.core.settings import Settings
from tests.alerts.receiver import Receiver, running

CLOSED = Settings()
OPEN = Settings(webhook_allowed_networks="127.0.0.1/32")
SECRET = webhook.new_secret()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


def message(url: str) -> Message:
    to = Destination(url, SECRET)
    return Message("01KA2V0C8T3J9X5N7Q1W4Z6Y8B", "channel.test", clock.now(), {"message": "olá"}, to, "en")


async def test_a_delivery_is_signed_as_standard_webhooks_says(receiver: Receiver) -> None:
    assert await webhook.send(OPEN, message(receiver.url("/ok"))) == Outcome()
    came = receiver.deliveries[-1]
    assert set(came.body) == {"type", "timestamp", "data"}
    assert (came.body["type"], came.body["data"]) == ("channel.test", {"message": "olá"})
    stamp = came.headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    signed = b".".join([came.headers["webhook-id"].encode(), stamp.encode(), came.content])
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert came.headers["webhook-signature"] == f"v1,{expected}"
    assert came.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.9.9.9", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "localhost", "2130706433", "0x7f.1", "[::1]", "[::]", "[fe80::1]", "[fc00::1]",
     "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[::127.0.0.1]",
     "[::ffff:0:127.0.0.1]", "[fec0::1]", "[2001:db8::1]"],
)  # fmt: skip
async def test_an_address_that_is_not_public_is_refused(receiver: Receiver, host: str) -> None:
    before = len(receiver.deliveries)
    outcome = await webhook.send(CLOSED, message(f"http://{host}:{receiver.port}/ok"))
    assert outcome.error, "it was delivered"
    assert "no public address" in outcome.error or "cannot be reached" in outcome.error
    assert len(receiver.deliveries) == before


async def test_a_refusal_is_final_and_says_what_to_do(receiver: Receiver) -> None:
    outcome = await webhook.send(CLOSED, message(receiver.url("/ok")))
    assert outcome == Outcome(
        "127.0.0.1 is at 127.0.0.1, which is no public address; the operator may allow it", may_help=False
    )


async def test_what_is_allowed_is_no_more_than_was_said(receiver: Receiver) -> None:
    outcome = await webhook.send(OPEN, message(f"http://127.0.0.2:{receiver.port}/ok"))
    assert "no public address" in str(outcome.error)


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    before = len(receiver.deliveries)
    outcome = await webhook.send(OPEN, message(receiver.url("/redirect")))
    assert outcome == Outcome("The receiver answered 302: redirects are not followed", may_help=False)
    assert [came.path for came in receiver.deliveries[before:]] == ["/redirect"]


async def test_a_name_that_rebinds_reaches_the_address_that_was_judged(receiver: Receiver) -> None:
    """The second answer of such a name would be another address; it is never asked for."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def look_up(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    target = f"http://rebinds.example:{receiver.port}/ok"
    assert await webhook.send(OPEN, message(target), look_up) == Outcome()
    assert receiver.deliveries[-1].headers["host"] == f"rebinds.example:{receiver.port}"
    assert "no public address" in str((await webhook.send(OPEN, message(target), look_up)).error)
    assert answers == []


async def test_one_private_address_among_public_ones_is_refused() -> None:
    async def look_up(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", "10.0.0.1"]

    outcome = await webhook.send(CLOSED, message("https://mixed.example/"), look_up)
    assert "mixed.example is at 10.0.0.1" in str(outcome.error)


@pytest.mark.parametrize(("path", "may_help"), [("/500", True), ("/redirect", False)])
async def test_a_failure_says_whether_trying_again_helps(receiver: Receiver, path: str, may_help: bool) -> None:
    assert (await webhook.send(OPEN, message(receiver.url(path)))).may_help is may_help


async def test_nobody_at_home_is_tried_again() -> None:
    outcome = await webhook.send(OPEN, message("http://127.0.0.1:1/"))
    assert outcome.may_help
    assert "127.0.0.1 cannot be reached" in str(outcome.error)


def test_waits_grow_to_an_hour_and_last_a_night() -> None:
    waits = [wait_seconds(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    assert 0.5 <= waits[0] <= 1
    assert max(waits) <= MAX_WAIT_SECONDS
    longest = [min(2.0**n, MAX_WAIT_SECONDS) for n in range(MAX_ATTEMPTS - 1)]
    assert 5 * 3600 < sum(longest) / 2 <= sum(waits) <= sum(longest) < 11 * 3600


@pytest.mark.parametrize("host", ["a..example.com", "x" * 64 + ".example.com", "."])
async def test_a_host_that_can_have_no_address_is_one_that_cannot_be_reached(host: str) -> None:
    outcome = await webhook.send(CLOSED, message(f"http://{host}/ok"))
    assert "cannot be reached" in (outcome.error or ""), outcome
