"""A mail server for tests: takes every mail, and keeps it."""

import socketserver
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

# Five times what a mail takes on a busy machine.
DELIVERED_WITHIN = 15.0


class _Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs that offers no TLS and no login."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                cast(Mailbox, self.server).keep(self._content())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


class Mailbox(socketserver.ThreadingTCPServer):
    """Listens on a port of its own until it is closed."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self._mails: list[EmailMessage] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def keep(self, content: bytes) -> None:
        self._mails.append(cast(EmailMessage, message_from_bytes(content, policy=policy.default)))

    def next(self) -> EmailMessage:
        """The next mail; waits for it."""
        deadline = time.monotonic() + DELIVERED_WITHIN
        while not self._mails:
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.02)
        return self._mails.pop(0)

    def is_empty(self) -> bool:
        return not self._mails

    def close(self) -> None:
        self.shutdown()
        self.server_close()
