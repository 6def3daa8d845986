"""E-mail by SMTP: the installation's server, or one of the channel's own."""

import asyncio
import smtplib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from app.alerts.channels import texts
from app.alerts.channels.addresses import Refused, Resolve, checked, resolve
from app.alerts.channels.base import DELIVERED, Channel, Destination, Fields, Message, Outcome
from app.core import mail
from app.core.errors import invalid_field
from app.core.settings import Settings

# Each step of a conversation may take 15 s; a server that needs longer for all of them is tried again.
TIMEOUT_SECONDS = 40
# Threads of their own: servers that hang must not take those that resolve names.
_THREADS = ThreadPoolExecutor(10, thread_name_prefix="smtp")


async def send(settings: Settings, message: Message, look_up: Resolve = resolve) -> Outcome:
    """Deliver once; never raises for what the server or the network does."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            server = await _server(settings, message.to, look_up)
            mailed = _mail(settings, message)
            refused = await asyncio.get_running_loop().run_in_executor(_THREADS, mail.deliver, server, mailed)
    except Refused as error:
        return Outcome(str(error), may_help=False)
    except TimeoutError:
        return Outcome("The mail server did not answer in time")
    except smtplib.SMTPException as error:
        return _judge(error)
    except OSError as error:
        return Outcome(f"The mail server cannot be reached: {error}"[:500])
    return Outcome(f"Refused for {', '.join(refused)}", partial=True) if refused else DELIVERED


def _judge(error: smtplib.SMTPException) -> Outcome:
    """What the server said; a code from 500 on is its last word."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        said = "; ".join(f"{to}: {code} {_text(text)}" for to, (code, text) in error.recipients.items())
        return Outcome(f"The mail server refused {said}"[:500], may_help=any(code < 500 for code in codes))
    if isinstance(error, smtplib.SMTPResponseException):
        said = f"{error.smtp_code} {_text(error.smtp_error)}"
        return Outcome(f"The mail server answered {said}"[:500], may_help=error.smtp_code < 500)
    final = isinstance(error, mail.InsecureServer | smtplib.SMTPNotSupportedError)
    return Outcome(f"The mail server: {error}"[:500], may_help=not final)


def _text(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.replace("\x00", "\ufffd").split())


async def _server(settings: Settings, to: Destination, look_up: Resolve) -> mail.Server:
    own = to.settings.get("smtp")
    if own is None:
        return mail.of_installation(settings)
    addresses = await checked(own["host"], own["port"], settings.webhook_allowed_networks, look_up)
    return mail.Server(own["host"], own["port"], own["security"], own["username"] or "", to.secret, addresses[0])


def _mail(settings: Settings, message: Message) -> EmailMessage:
    """One message to all; its id is the notification's at each attempt, and replies stand together by incident."""
    own = message.to.settings.get("smtp")
    sender = own["sender"] if own else settings.mail_from
    domain = parseaddr(sender)[1].rpartition("@")[2]
    text = texts.compose(message, settings.public_url)
    found = EmailMessage()
    found["From"], found["To"], found["Subject"] = sender, message.to.target, text.title
    found["Date"] = format_datetime(message.created_at)
    found["Message-ID"] = f"<{message.notification_ulid}@{domain}>"
    if incidents := message.body.get("incidents"):
        found["References"] = f"<{incidents[0]['incident_id']}@{domain}>"
    found["Auto-Submitted"] = "auto-generated"
    found["Sentinela-Notification"] = message.notification_ulid
    found.set_content(text.details + "\n")
    return found


def configure(settings: Settings, fields: Fields, before: Destination | None) -> Destination:
    """Addresses, and a server of its own when one is given. Raises: Invalid."""
    found = before or Destination("", "")
    if "to" in fields:
        found = replace(found, target=", ".join(fields["to"]))
    if "smtp" in fields:
        smtp = dict(fields["smtp"] or {})
        password = smtp.pop("password", None)
        found = replace(found, secret=password or "", settings={"smtp": smtp} if smtp else {})
    if not found.settings and not mail.is_configured(settings):
        message = "This installation has no mail server: give one in smtp, or have its operator set SMTP_URL"
        raise invalid_field(("body", "smtp"), message, "no_mail_server")
    return found


def show(target: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"to": target.split(", "), "smtp": settings.get("smtp")}


CHANNEL = Channel(send, configure, show, frozenset({"to"}), frozenset({"smtp"}), per_minute=30)
