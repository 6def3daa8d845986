"""A mail server: real SMTP, with STARTTLS, TLS or neither, a login, and a way to fail."""

import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.system import free_port

# As people choose them: no ASCII.
USER, PASSWORD = "sentinela-são".encode(), "lontra-violeta-42-ção".encode()


@dataclass
class Sink:
    """What came. A recipient named `half@` is refused for now every other time, `never@` for ever."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    """How often each Message-ID was taken."""
    secure: list[bool] = field(default_factory=list)
    """Whether each mail came over TLS."""
    _asked: int = 0

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        if address.startswith("never@"):
            return "550 No such user"
        if address.startswith("half@"):
            self._asked += 1
            if self._asked % 2:
                return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        self.mails.append(mail)
        self.secure.append(server.transport is not None and server.transport.get_extra_info("ssl_object") is not None)
        self.taken[str(mail["Message-ID"])] += 1
        return "250 OK"


def _authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=False)


@contextmanager
def running(security: str = "none", context: ssl.SSLContext | None = None, *, login: bool = False) -> Iterator[Sink]:
    """A sink on a free port of this machine; `tls` from the first byte, `starttls`, or `none`."""
    sink = Sink(free_port())
    more: dict[str, Any] = {}
    if security == "starttls":
        more = {"tls_context": context, "require_starttls": True}
    if login:
        # It knows of STARTTLS only.
        more |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": security == "starttls"}
    controller = Controller(sink, "127.0.0.1", sink.port, ssl_context=context if security == "tls" else None, **more)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
