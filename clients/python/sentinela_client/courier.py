"""What to send next, and what an answer changes: all of sending but the waiting and the network."""

import logging
import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from sentinela_client.answers import Later, Outcome, RefusedWhole, Stored, understood
from sentinela_client.batches import Batch, envelope
from sentinela_client.buffer import Buffer

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0

log = logging.getLogger("sentinela_client")


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait before the next request; one that was `asked` for is not cut short."""

    seconds: float = 0.0
    asked: bool = False


class Courier:
    """Sends what the buffer holds, a batch at a time, in order."""

    def __init__(self, buffer: Buffer, http: httpx.Client, batch_size: int, *, with_key: bool) -> None:
        self._buffer = buffer
        self._http = http
        self._with_key = with_key
        self._most = batch_size
        self._size = batch_size
        self._failures = 0
        self._notes = threading.Lock()
        self._trouble: str | None = None
        self._acknowledged = 0
        self._last: datetime | None = None

    def notes(self) -> tuple[int, datetime | None, str | None]:
        """Acknowledged so far, when last, and what is the matter now."""
        with self._notes:
            return self._acknowledged, self._last, self._trouble

    def send_next(self) -> Pause | None:
        """One request; None: nothing is known to wait behind it. Raises: BufferFault."""
        batch = self._buffer.take(self._size)
        if batch is None:
            return None
        outcome = self._post(batch)
        if isinstance(outcome, Stored):
            return self._stored(batch, outcome)
        if isinstance(outcome, RefusedWhole):
            return self._refused(batch, outcome)
        return self._later(outcome)

    def failed(self, reason: str) -> Pause:
        """After a failure of any kind: twice as long as after the one before, up to a minute, and spread."""
        seconds = min(FIRST_PAUSE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
        self._failures += 1
        with self._notes:
            if reason != self._trouble:
                log.warning("not sent, will go on trying: %s", reason)
            self._trouble = reason
        # A fleet that lost the same network must not come back at one moment.
        return Pause(seconds * random.uniform(0.5, 1.0))  # noqa: S311

    def _post(self, batch: Batch) -> Outcome:
        letter = envelope(batch, self._buffer.id, with_key=self._with_key)
        try:
            return understood(self._http.post("data", content=letter.body, headers=letter.headers))
        except httpx.RequestError as error:
            return Later(f"no answer: {type(error).__name__} {error}".strip())

    def _stored(self, batch: Batch, outcome: Stored) -> Pause | None:
        self._settle(batch, outcome.refused)
        # One that was refused as a whole may have been cut into small pieces.
        self._size = min(self._size * 2, self._most)
        return Pause() if batch.more else None

    def _refused(self, batch: Batch, outcome: RefusedWhole) -> Pause:
        """Halves, down to the reading that is the cause: a bad one takes ten requests of a thousand."""
        if len(batch.numbers) == 1:
            self._settle(batch, {0: outcome.reason})
        else:
            self._size = len(batch.numbers) // 2
        return Pause()

    def _settle(self, batch: Batch, refused: dict[int, str]) -> None:
        now = datetime.now(UTC)
        self._buffer.settle(batch, refused, now.isoformat())
        self._failures = 0
        if refused:
            first, why = min(refused.items())
            what = batch.lines[first].decode()
            log.warning("%d readings refused for good are dead letters, such as %s: %s", len(refused), what, why)
        with self._notes:
            self._acknowledged += len(batch.numbers) - len(refused)
            self._last, self._trouble = now, None

    def _later(self, outcome: Later) -> Pause:
        pause = self.failed(outcome.reason)
        if outcome.wait is None:
            return pause
        return Pause(outcome.wait + pause.seconds, asked=True)
