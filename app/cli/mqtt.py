"""`mqtt`: the bridge from an MQTT broker."""

import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import httpx
import structlog
import typer

from app.cli.client import RETRYABLE, Connection, DataDir, find_connection, refusal, unreachable
from app.cli.console import CommandFailed, one_line_errors
from app.cli.delivery import pause_before_retry
from app.compat.bridge import Bridge, Inbox, Stored
from app.compat.broker import Address, BadAddress, PahoBroker, address
from app.core.logging import configure
from app.core.settings import get_settings

NDJSON = {"Content-Type": "application/x-ndjson"}
# A refused key or a wrong address is mended by people, not by asking again at once.
WRONG_SECONDS = 5.0

log = structlog.get_logger()

Url = Annotated[
    str, typer.Option("--broker", envvar="MQTT_URL", help="mqtt://user:password@host:1883; mqtts:// for TLS.")
]
ClientId = Annotated[
    str,
    typer.Option(
        envvar="MQTT_CLIENT_ID",
        help="Names the session that the broker keeps; each bridge needs its own.",
        show_default="sentinela-HOST",
    ),
]
Share = Annotated[
    str, typer.Option(envvar="MQTT_SHARE", help="Bridges with one share divide the messages; else each gets all.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(envvar="MQTT_PASSWORD_FILE", help="Take the broker's password from this file; else from the address."),
]


@one_line_errors
def mqtt(
    broker: Url,
    client_id: ClientId = "",
    share: Share = "",
    password_file: PasswordFile = None,
    data_dir: DataDir = None,
) -> None:
    """Take readings from an MQTT broker.

    Subscribes to sentinela/{server_ulid}/data with QoS 1. A message is
    acknowledged to the broker once its readings are on disk; what can never be
    stored goes to sentinela/dead-letters. Runs until Ctrl-C.

    Example: sentinela mqtt --broker mqtt://bridge:secret@localhost:1883
    """
    configure(get_settings())
    connection = find_connection(data_dir)
    to = _address(broker, password_file)
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with httpx.Client(**connection.options()) as client:
        _run(client, connection, stop, to=to, client_id=client_id or f"sentinela-{socket.gethostname()}", share=share)


def _address(broker: str, password_file: Path | None) -> Address:
    try:
        to = address(broker)
        return to if password_file is None else replace(to, password=password_file.read_text().strip())
    except BadAddress as error:
        raise CommandFailed(f"--broker: {error}") from None
    except OSError as error:
        raise CommandFailed(f"cannot read {password_file}: {error.strerror}") from None


def _run(client: httpx.Client, connection: Connection, stop: threading.Event, **broker: Any) -> None:
    inbox = Inbox()
    paho = PahoBroker(**broker, receive=inbox.receive)
    try:
        Bridge(inbox, paho, Api(client, connection), stop).run()
    finally:
        paho.close()


class Api:
    """`POST /data` of a running system."""

    def __init__(self, client: httpx.Client, connection: Connection) -> None:
        self._client = client
        self._connection = connection

    def store(self, lines: Sequence[bytes], stop: threading.Event) -> Stored | None:
        """Tries until the readings are stored or refused; None: told to stop meanwhile."""
        attempt = 0
        while not stop.is_set():
            response, reason = self._post(lines)
            if response is not None and response.is_success:
                return Stored({item["index"]: item["detail"] for item in response.json()["rejected"]})
            if response is not None and response.status_code in (400, 413, 422):
                return self._one_by_one(lines, reason, stop)
            later = response is None or response.status_code in RETRYABLE
            log.warning("readings_not_stored", reason=reason, readings=len(lines))
            stop.wait(pause_before_retry(attempt, response) if later else WRONG_SECONDS)
            attempt += 1
        return None

    def _one_by_one(self, lines: Sequence[bytes], reason: str, stop: threading.Event) -> Stored | None:
        """A batch that is refused as a whole: the good ones of it are stored."""
        if len(lines) == 1:
            return Stored({0: reason})
        refused: dict[int, str] = {}
        for index, line in enumerate(lines):
            stored = self.store([line], stop)
            if stored is None:
                return None
            if stored.refused:
                refused[index] = stored.refused[0]
        return Stored(refused)

    def _post(self, lines: Sequence[bytes]) -> tuple[httpx.Response | None, str]:
        try:
            response = self._client.post("/data", content=b"\n".join(lines) + b"\n", headers=NDJSON)
        except httpx.RequestError as error:
            return None, unreachable(error, self._connection)
        return response, "" if response.is_success else refusal(response, self._connection)
