"""Mail by SMTP, when the installation has a server for it."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from app.core.settings import Settings

# A mail server that takes longer is not there; the request was answered long before.
TIMEOUT_SECONDS = 15
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

log = structlog.get_logger()


class InsecureServer(smtplib.SMTPException):
    """The server offers no TLS, and a password would go to it in the clear."""


def is_configured(settings: Settings) -> bool:
    return bool(settings.smtp_url and settings.mail_from)


async def send(settings: Settings, to: str, subject: str, text: str) -> bool:
    """Send a mail; False, and a line in the log, when that failed. Waits for the server, so call it after answering."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, subject
    message.set_content(text)
    try:
        await asyncio.to_thread(_deliver, settings, message)
    except (smtplib.SMTPException, OSError) as error:
        log.warning("mail_not_sent", error=type(error).__name__, reason=str(error)[:200])
        return False
    return True


def _deliver(settings: Settings, message: EmailMessage) -> None:
    url = urlsplit(settings.smtp_url)
    host, context = url.hostname or "", ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT_SECONDS)
    with server:
        if url.scheme == "smtp" and _offers_tls(server):
            server.starttls(context=context)
        elif url.scheme == "smtp" and url.username and host not in _LOOPBACK:
            raise InsecureServer(f"{host} offers no TLS, so it gets no password; use smtps:// or another server")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


def _offers_tls(server: smtplib.SMTP) -> bool:
    server.ehlo()
    return server.has_extn("starttls")
