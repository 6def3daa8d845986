"""Mail by SMTP, when the installation has a server for it."""

import asyncio
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import structlog

from app.core.settings import Settings

# A mail server that takes longer is not there; the request was answered long before.
TIMEOUT_SECONDS = 15
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Server:
    """A server for mails, and how to talk to it."""

    host: str
    port: int
    security: Literal["tls", "starttls", "if_offered", "none"]
    username: str = ""
    password: str = field(default="", repr=False)
    address: str = ""
    """Where to connect to; empty: wherever the name leads."""


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
        await asyncio.to_thread(deliver, of_installation(settings), message)
    except (smtplib.SMTPException, OSError) as error:
        log.warning("mail_not_sent", error=type(error).__name__, reason=str(error)[:200])
        return False
    return True


def of_installation(settings: Settings) -> Server:
    """The server of SMTP_URL."""
    url = urlsplit(settings.smtp_url)
    over_tls = url.scheme == "smtps"
    return Server(
        host=url.hostname or "",
        port=url.port or (465 if over_tls else 587),
        security="tls" if over_tls else "if_offered",
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
    )


def deliver(server: Server, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    """Hand the message over, blocking; the recipients that were refused while others were taken.

    Raises: smtplib.SMTPException, OSError.
    """
    context = ssl.create_default_context()
    with _connected(server, context) as session:
        if server.security == "starttls" or (server.security == "if_offered" and _offers_tls(session)):
            session.starttls(context=context)
        elif server.security != "tls" and server.username and server.host not in _LOOPBACK:
            raise InsecureServer(f"{server.host} offers no TLS, so it gets no password; use smtps:// or another server")
        if server.username:
            session.login(_Utf8(server.username), _Utf8(server.password))
        return session.send_message(message)


class _Utf8(str):
    """A text that goes out as UTF-8 (RFC 4616), wherever the library means ASCII."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        return str.encode(self, "utf-8", errors)


class _Plain(smtplib.SMTP):
    """Connects to an address, and takes the server to be who its name says."""

    def __init__(self, server: Server, **more: Any) -> None:
        self._address = server.address or server.host
        super().__init__(server.host, server.port, timeout=TIMEOUT_SECONDS, **more)

    def auth_plain(self, challenge: Any = None) -> str:
        return _Utf8(super().auth_plain(challenge))

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        found: socket.socket = super()._get_socket(self._address, port, timeout)  # type: ignore[misc]
        return found


class _OverTls(_Plain, smtplib.SMTP_SSL):
    """Likewise, over TLS from the first byte."""


def _connected(server: Server, context: ssl.SSLContext) -> smtplib.SMTP:
    return _OverTls(server, context=context) if server.security == "tls" else _Plain(server)


def _offers_tls(session: smtplib.SMTP) -> bool:
    session.ehlo()
    return session.has_extn("starttls")
