"""E-mail channels against a real mail server: STARTTLS, TLS, a login; what it refuses; what people read."""

import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme

from app.alerts.channels import email
from app.alerts.channels.base import Destination, Message, Outcome
from app.core import clock
from app.core.settings import Settings
from tests.alerts import mail_sink
from tests.alerts.mail_sink import PASSWORD, USER, Sink

OPEN = Settings(webhook_allowed_networks="127.0.0.1/32", public_url="https://sentinela.example.com")
CLOSED = Settings()
ULID = "01KA2V0C8T3J9X5N7Q1W4Z6Y8B"
INCIDENT = {
    "incident_id": "01KA2V0C8T3J9X5N7Q1W4Z6Y8C",
    "at": "2026-01-31T12:00:00Z",
    "server": {"id": "01KA2V0C8T3J9X5N7Q1W4Z6Y8D", "name": "Dolly #1"},
    "why": {"condition": {"kind": "threshold", "quantity": "humidity", "above": 60.0}, "value": 61.25},
    "actor": None,
    "text": None,
}
BODY = {"rule": {"id": "r", "name": "damp"}, "severity": "critical", "count": 1, "incidents": [INCIDENT]}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Certificates that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


@pytest.fixture
def plain() -> Iterator[Sink]:
    with mail_sink.running() as sink:
        yield sink


def context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


def message(sink: Sink, to: str = "ana@example.com", body: dict[str, Any] = BODY, **more: Any) -> Message:
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "username": None, "sender": "s@example.com"}
    language, event = more.pop("language", "en"), more.pop("event", "incident.opened")
    destination = Destination(to, more.pop("password", ""), {"smtp": smtp | more})
    return Message(ULID, event, clock.now(), body, destination, language)


async def home(host: str, port: int) -> Sequence[str]:
    """Where mail.example is."""
    return ["127.0.0.1"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_logs_in_over_tls_to_who_its_name_says(authority: trustme.CA, security: str) -> None:
    served = context(authority, "mail.example")
    with mail_sink.running(security, served, login=True) as sink:
        login = {"username": USER.decode(), "password": PASSWORD.decode()}
        told = message(sink, host="mail.example", security=security, **login)
        assert await email.send(OPEN, told, home) == Outcome()
        assert sink.secure == [True]
        wrong = message(sink, host="mail.example", security=security, **login | {"password": "wrong"})
        refused = await email.send(OPEN, wrong, home)
        assert (refused.may_help, "535" in str(refused.error)) == (False, True)
        another = await email.send(OPEN, message(sink, host="other.example", security=security, **login), home)
        assert "certificate" in str(another.error).lower(), "the certificate is of another name"
        assert len(sink.mails) == 1


async def test_a_server_that_offers_no_tls_gets_no_mail_that_asks_for_it(plain: Sink) -> None:
    outcome = await email.send(OPEN, message(plain, security="starttls"))
    assert (outcome.may_help, plain.mails) == (False, [])
    assert "STARTTLS" in str(outcome.error)


async def test_people_read_what_happened_by_one_id(plain: Sink) -> None:
    for _ in range(2):
        assert await email.send(OPEN, message(plain, "ana@example.com, rui@example.com")) == Outcome()
    first, again = plain.mails
    assert first["Message-ID"] == again["Message-ID"] == f"<{ULID}@example.com>"
    assert (first["Subject"], first["From"]) == ("[critical] damp: Dolly #1", "s@example.com")
    assert first["To"] == "ana@example.com, rui@example.com"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().splitlines() == [
        "Dolly #1: humidity 61.25 (above 60) (2026-01-31T12:00:00Z)",
        "",
        "https://sentinela.example.com/ui/alerts/incidents/01KA2V0C8T3J9X5N7Q1W4Z6Y8C",
    ]


async def test_people_read_it_in_portuguese(plain: Sink) -> None:
    others = [{**INCIDENT, "server": {"id": "x", "name": f"Dolly #{n}"}, "text": "A porta"} for n in range(30)]
    body = {**BODY, "incidents": others, "count": 30}
    await email.send(OPEN, message(plain, body=body, language="pt", event="incident.resolved"))
    (mail,) = plain.mails
    assert mail["Subject"] == "[resolvido] damp: 30 servidores"
    lines = mail.get_content().splitlines()
    assert lines[0] == "Dolly #0: humidity 61.25 (acima de 60) (2026-01-31T12:00:00Z)"
    assert (lines[19:22], len(lines)) == (
        ["Dolly #19: humidity 61.25 (acima de 60) (2026-01-31T12:00:00Z)", "… e mais 10", "A porta"],
        24,
    )


async def test_a_name_cannot_add_a_header(plain: Sink) -> None:
    nasty = {**BODY, "rule": {"id": "r", "name": "damp\r\nBcc: eve@example.com"}}
    assert await email.send(OPEN, message(plain, body=nasty)) == Outcome()
    assert plain.mails[0]["Bcc"] is None


async def test_what_the_server_refuses_for_ever_is_final_and_for_now_is_not(plain: Sink) -> None:
    never = await email.send(OPEN, message(plain, "never@example.com"))
    assert (never.may_help, never.delivered, "550" in str(never.error)) == (False, False, True)
    half = await email.send(OPEN, message(plain, "half@example.com"))
    assert (half.may_help, "451" in str(half.error)) == (True, True)
    some = await email.send(OPEN, message(plain, "never@example.com, ana@example.com"))
    assert (some.delivered, some.error) == (True, "Refused for never@example.com")


async def test_a_mail_server_at_a_private_address_is_refused(plain: Sink) -> None:
    outcome = await email.send(CLOSED, message(plain))
    assert (outcome.may_help, plain.mails) == (False, [])
    assert "no public address" in str(outcome.error)
    rebound = await email.send(CLOSED, message(plain, host="mail.example"), home)
    assert "mail.example is at 127.0.0.1" in str(rebound.error)


async def test_nobody_at_home_is_tried_again(plain: Sink) -> None:
    outcome = await email.send(OPEN, message(plain, port=1))
    assert (outcome.may_help, outcome.delivered) == (True, False)


async def test_the_installations_server_is_used_when_there_is_no_other(plain: Sink) -> None:
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{plain.port}", mail_from="Sentinela <mail@example.org>")
    told = Message(
        ULID, "channel.test", clock.now(), {"channel": "operations"}, Destination("ana@example.com", ""), "pt"
    )
    assert await email.send(settings, told) == Outcome()
    assert plain.mails[0]["From"] == "Sentinela <mail@example.org>"
    assert plain.mails[0]["Subject"] == "Um teste do Sentinela"
    assert plain.mails[0].get_content().strip() == "O canal operations funciona."
