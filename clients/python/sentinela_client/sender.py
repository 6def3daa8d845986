"""A Sender: readings onto the disk at once, and from there to the system as soon as it can be reached."""

import json
import logging
import os
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypedDict

import httpx

from sentinela_client.batches import MAX_READINGS
from sentinela_client.buffer import Buffer
from sentinela_client.connection import options
from sentinela_client.courier import Courier, Pause
from sentinela_client.dead_letters import DeadLetter
from sentinela_client.errors import BufferFault, Closed
from sentinela_client.readings import Stamps, encode
from sentinela_client.status import Status

DEFAULT_MAX_BYTES = 256 * 1024 * 1024
"""Some 1.6 million readings of four values."""
# A request under way when a Sender is closed is waited for so long; its readings stay on disk.
_LAST_REQUEST_SECONDS = 1.0

log = logging.getLogger("sentinela_client")


class Options(TypedDict, total=False):
    """What a Sender may be told beside where to send, with which key, from which buffer."""

    server_ulid: str | None
    max_bytes: int
    batch_size: int
    linger: float
    timeout: float
    verify: ssl.SSLContext | bool


class Sender:
    """Keeps readings on disk until the system has acknowledged them. Any thread may use it.

    `key` is a server's device key, or an API key with the scope `write`; None for a system with `INGEST_AUTH=open`.
    `buffer` is a file that belongs to this Sender alone; `max_bytes` bounds it (its log may take 4 MiB beside it).
    `server_ulid` is that of readings that name none. After a reading came the Sender waits `linger` seconds for others
    to go with it, up to `batch_size`. `timeout` is for one request, in seconds;
    `verify` is httpx's, for certificates of your own.

    Raises: ValueError for a bad URL or key, BufferInUse, BufferUnusable.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        buffer: str | os.PathLike[str],
        *,
        server_ulid: str | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        batch_size: int = MAX_READINGS,
        linger: float = 1.0,
        timeout: float = 30.0,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        if not 1 <= batch_size <= MAX_READINGS:
            raise ValueError(f"batch_size must be 1 to {MAX_READINGS}")
        http = httpx.Client(**options(url, key, timeout, verify))
        self._server_ulid, self._stamps = server_ulid, Stamps()
        self._batch_size, self._linger = batch_size, linger
        self._buffer = Buffer(buffer, max_bytes)
        self._http = http
        self._courier = Courier(self._buffer, http, batch_size, with_key=key is not None)
        self._news = threading.Condition()
        self._fresh = self._flushing = 0
        self._hurried = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sentinela-sender", daemon=True)
        self._thread.start()

    def add(self, *, server_ulid: str | None = None, timestamp: datetime | str | None = None, **values: float) -> None:
        """Keep one reading: `add(temperature=25.3, humidity=48.2)`. It is on disk when this returns.

        Without a `timestamp` it is now. Raises: BadReading, BufferFull, BufferUnusable, Closed.
        """
        self.add_many([{"server_ulid": server_ulid, "timestamp": timestamp, **values}])

    def add_many(self, readings: Iterable[Mapping[str, Any]]) -> None:
        """Keep several, all or none: mappings as `POST /data` takes them. One write to the disk.

        Raises: BadReading, BufferFull, BufferUnusable, Closed.
        """
        lines = [encode(reading, self._server_ulid, self._stamps) for reading in readings]
        if not lines:
            return
        self._buffer.append(lines)
        self._tell(fresh=len(lines))

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was added before is acknowledged, or among the dead letters; False: `timeout` came first.

        A wait after a failed request is cut short, unless the system asked for it. Raises: Closed, BufferFault.
        """
        return self.flush_to(self.mark(), timeout)

    def mark(self) -> int:
        """A mark behind all that was added so far, for `flush_to`."""
        return self._buffer.newest()

    def flush_to(self, mark: int, timeout: float | None = None) -> bool:
        """`flush` for what was added before a mark."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._news:
            self._flushing += 1
            self._hurried = True
            self._news.notify_all()
        try:
            return self._wait_for(mark, deadline)
        finally:
            with self._news:
                self._flushing -= 1

    def status(self) -> Status:
        """How it fares. Raises: Closed, BufferUnusable."""
        waiting, dead_letters, used = self._buffer.counts()
        acknowledged, last, trouble = self._courier.notes()
        return Status(waiting, dead_letters, used, acknowledged, last, trouble)

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """Readings that the system refused for good, oldest first."""
        return [
            DeadLetter(number, json.loads(line), why, datetime.fromisoformat(at))
            for number, line, why, at in self._buffer.letters(limit)
        ]

    def resend(self, ids: Collection[int] | None = None) -> int:
        """Send dead letters again, all of them without `ids`: after the cause was mended. How many there were."""
        count = self._buffer.requeue(None if ids is None else list(ids))
        self._tell(fresh=count)
        return count

    def discard(self, ids: Collection[int]) -> int:
        """Forget dead letters: the only way in which a reading is ever dropped. How many there were."""
        return self._buffer.discard(list(ids))

    def close(self, timeout: float = 5.0) -> None:
        """Try for `timeout` seconds to send what waits, then end. What is left goes with the buffer's next Sender."""
        if self._closing.is_set():
            return
        try:
            self.flush(timeout)
        except (BufferFault, Closed) as error:
            log.warning("closed with readings on disk: %s", error)
        with self._news:
            self._closing.set()
            self._news.notify_all()
        self._thread.join(_LAST_REQUEST_SECONDS)
        self._buffer.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, fresh: int) -> None:
        with self._news:
            self._fresh += fresh
            self._news.notify_all()

    def _wait_for(self, mark: int, deadline: float | None) -> bool:
        """Until nothing up to `mark` waits."""
        while True:
            with self._news:
                oldest = self._buffer.oldest()
                if oldest is None or oldest > mark:
                    return True
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._news.wait(left)

    def _work(self) -> None:
        """Send, and wait between, until closed. Nothing that goes wrong ends it."""
        while not self._closing.is_set():
            try:
                pause = self._courier.send_next()
            except Closed:
                return
            except Exception as error:
                if self._closing.is_set():
                    return
                if not isinstance(error, BufferFault):
                    log.exception("a fault of sentinela-client; it goes on")
                pause = self._courier.failed(f"{type(error).__name__}: {error}")
            self._rest(pause)

    def _rest(self, pause: Pause | None) -> None:
        with self._news:
            self._news.notify_all()
            if pause is None:
                self._gather()
            elif pause.seconds:
                self._news.wait_for(
                    lambda: self._closing.is_set() or (self._hurried and not pause.asked), pause.seconds
                )
                self._hurried = False

    def _gather(self) -> None:
        """Wait for a reading, and then for others to go with it."""
        self._news.wait_for(lambda: self._closing.is_set() or self._fresh)
        self._news.wait_for(
            lambda: self._closing.is_set() or self._flushing or self._fresh >= self._batch_size, self._linger
        )
        self._fresh = 0
