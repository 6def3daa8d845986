"""From a broker to `POST /data`: a message is acknowledged to the broker when its readings are on disk, or when nothing
can ever store them and it lies among the dead letters.

The session is kept by the broker, so what a killed bridge had not acknowledged comes again; the same server and instant
is stored once. Bridges with one share divide the messages among them. When broker or Sentinela are away it waits and
goes on, for ever.
"""

import base64
import json
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.compat.payloads import BadPayload, documents

# A receipt names the first 1,000 rejected readings, so each one's fate is known.
MAX_READINGS = 1000
# How often an idle bridge looks whether it is to stop.
LOOK_SECONDS = 0.5
# Messages without an acknowledgement that may wait while Sentinela is away, some 10 MB; and how often their loss is
# told.
MAX_UNREPEATED = 10_000
TELL_SECONDS = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """As the broker delivered it; `number` acknowledges it, 0: it wants none."""

    topic: str
    payload: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of some lines: the reasons of those refused, by index."""

    refused: dict[int, str]


class Broker(Protocol):
    """What the bridge asks of its connection to the broker."""

    def acknowledge(self, message: Message) -> None: ...

    def publish_dead(self, letter: bytes, stop: threading.Event) -> bool:
        """Returns when the broker has it; False: told to stop before."""


class Sink(Protocol):
    """Where readings go."""

    def store(self, lines: Sequence[bytes], stop: threading.Event) -> Stored | None:
        """Tries until they are stored or refused; None: it was told to stop meanwhile."""


class Inbox(queue.Queue[Message]):
    """What waits for the bridge. The broker bounds how many messages it may still repeat (QoS 1); of those that nobody
    repeats (QoS 0) so many wait, and what comes on top of them is lost, as their senders have chosen.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lost = 0
        self._tell_at = 0.0

    def receive(self, message: Message) -> None:
        """Keep it, if there is room."""
        if message.number or self.qsize() < MAX_UNREPEATED:
            self.put(message)
            return
        self._lost += 1
        if time.monotonic() >= self._tell_at:
            log.warning("messages_lost", count=self._lost, reason="they came with QoS 0, and too many wait already")
            self._lost, self._tell_at = 0, time.monotonic() + TELL_SECONDS


class Bridge:
    """Takes messages in order from an inbox until `stop`."""

    def __init__(self, inbox: Inbox, broker: Broker, sink: Sink, stop: threading.Event) -> None:
        self._inbox = inbox
        self._broker = broker
        self._sink = sink
        self._stop = stop

    def run(self) -> None:
        while not self._stop.is_set():
            messages, lines = self._gather()
            if messages:
                self._pass_on(messages, lines)

    def _gather(self) -> tuple[list[Message], list[list[bytes]]]:
        """What is waiting, up to MAX_READINGS, and the lines of each message; bad ones are put aside at once."""
        messages: list[Message] = []
        lines: list[list[bytes]] = []
        count = 0
        while count < MAX_READINGS:
            try:
                message = self._inbox.get(timeout=LOOK_SECONDS) if not messages else self._inbox.get_nowait()
            except queue.Empty:
                break
            try:
                found = documents(message.topic, message.payload)
            except BadPayload as error:
                self._put_aside(message, str(error))
                continue
            messages.append(message)
            lines.append(found)
            count += len(found)
        return messages, lines

    def _pass_on(self, messages: list[Message], lines: list[list[bytes]]) -> None:
        every = [line for some in lines for line in some]
        refused: dict[int, str] = {}
        for start in range(0, len(every), MAX_READINGS):
            stored = self._sink.store(every[start : start + MAX_READINGS], self._stop)
            if stored is None:
                return
            refused |= {start + index: reason for index, reason in stored.refused.items()}
        first = 0
        for message, some in zip(messages, lines, strict=True):
            reasons = [refused[index] for index in range(first, first + len(some)) if index in refused]
            first += len(some)
            if reasons:
                self._put_aside(message, reasons[0])
            else:
                self._broker.acknowledge(message)

    def _put_aside(self, message: Message, reason: str) -> None:
        """Among the dead letters first, then acknowledged: so it is never nowhere."""
        log.warning("message_refused", topic=message.topic, reason=reason)
        if self._broker.publish_dead(dead_letter(message, reason), self._stop):
            self._broker.acknowledge(message)


def dead_letter(message: Message, reason: str) -> bytes:
    """JSON with the topic, the reason, and the payload as text, or in base64 where it is none."""
    letter = {"topic": message.topic, "reason": reason}
    try:
        letter["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        letter["payload_base64"] = base64.b64encode(message.payload).decode()
    return json.dumps(letter, ensure_ascii=False).encode()
