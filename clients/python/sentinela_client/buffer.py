"""The buffer on disk: one SQLite file that one Sender holds.

What `append` has returned for is on disk (write-ahead log, fsync at every commit), whatever becomes of the process or
of the power. SQLite's exclusive lock belongs to the process: killed, it is free at once. Any thread may call.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from sentinela_client import schema
from sentinela_client.batches import MAX_BYTES, Batch
from sentinela_client.errors import BufferFault, BufferFull, BufferInUse, BufferUnusable, Closed

# Of a reading beside its line, in bytes: 13 were measured at lines of 100.
ROW_BYTES = 16
# What a page and the lists of pages may take beside the rows.
SLACK_BYTES = 64 * 1024
# For one that is just ending; a killed one leaves no lock.
LOCK_SECONDS = 0.5
_FULL, _BUSY, _LOCKED, _READ_ONLY = 13, 5, 6, 8


class Buffer:
    """Readings that wait, in the order they came, and those that were refused."""

    def __init__(self, path: str | os.PathLike[str], max_bytes: int) -> None:
        """Opens or makes the file. Raises: BufferInUse, BufferUnusable."""
        self.path = Path(path)
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._connection: sqlite3.Connection | None = None
        with self._translated():
            connection = sqlite3.connect(self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                schema.prepare(connection, self.path, secrets.token_hex(8))
            except BaseException:
                connection.close()
                raise
            self.id = schema.buffer_id(connection)
        self._connection = connection

    def append(self, lines: Sequence[bytes]) -> None:
        """Keep all of them or none. Raises: BufferFull, BufferUnusable, Closed."""
        with self._transaction() as connection:
            self._require_room(connection, sum(len(line) + ROW_BYTES for line in lines))
            connection.executemany("INSERT INTO waiting (line) VALUES (?)", ((line,) for line in lines))

    def take(self, limit: int) -> Batch | None:
        """The oldest readings, up to `limit` and about MAX_BYTES; they stay where they are. None: nothing waits."""
        with self._transaction() as connection:
            found = connection.execute("SELECT number, line FROM waiting ORDER BY number LIMIT ?", (limit + 1,))
            rows = found.fetchall()
        sizes = accumulate(len(line) + 1 for _, line in rows)
        fitting = sum(size <= MAX_BYTES for size in sizes)
        taken = rows[: min(max(fitting, 1), limit)]
        if not taken:
            return None
        numbers, lines = zip(*taken, strict=True)
        return Batch(numbers, lines, more=len(taken) < len(rows))

    def settle(self, batch: Batch, refused: Mapping[int, str], at: str) -> None:
        """Forget an acknowledged batch; what was `refused`, by index, lies among the dead letters from then on."""
        letters = [(batch.lines[index], reason, at) for index, reason in sorted(refused.items())]
        with self._transaction() as connection:
            connection.executemany("INSERT INTO refused (line, reason, refused_at) VALUES (?, ?, ?)", letters)
            connection.execute(
                "DELETE FROM waiting WHERE number BETWEEN ? AND ?", (batch.numbers[0], batch.numbers[-1])
            )

    def newest(self) -> int:
        """The number of the reading that came last; 0: nothing waits."""
        with self._transaction() as connection:
            return _single(connection, "SELECT coalesce(max(number), 0) FROM waiting")

    def oldest(self) -> int | None:
        """The number of the reading that has waited longest."""
        with self._transaction() as connection:
            found: int | None = connection.execute("SELECT min(number) FROM waiting").fetchone()[0]
            return found

    def counts(self) -> tuple[int, int, int]:
        """Readings that wait, dead letters, and bytes used."""
        with self._transaction() as connection:
            waiting = _single(connection, "SELECT count(*) FROM waiting")
            return waiting, _single(connection, "SELECT count(*) FROM refused"), _used(connection)

    def letters(self, limit: int) -> list[tuple[int, bytes, str, str]]:
        """Dead letters, oldest first: number, line, reason, instant."""
        with self._transaction() as connection:
            return connection.execute(
                "SELECT number, line, reason, refused_at FROM refused ORDER BY number LIMIT ?", (limit,)
            ).fetchall()

    def requeue(self, numbers: Sequence[int] | None) -> int:
        """Put dead letters (None: all) behind what waits; how many there were."""
        return self._move("INSERT INTO waiting (line) SELECT line FROM refused WHERE {which} ORDER BY number", numbers)

    def discard(self, numbers: Sequence[int] | None) -> int:
        """Forget dead letters (None: all); how many there were."""
        return self._move(None, numbers)

    def close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and os.getpid() == self._process:
                connection.close()

    def _move(self, copy: str | None, numbers: Sequence[int] | None) -> int:
        which = [("1", ())] if numbers is None else [("number = ?", (number,)) for number in sorted(set(numbers))]
        with self._transaction() as connection:
            moved = 0
            for condition, parameters in which:
                if copy is not None:
                    connection.execute(copy.format(which=condition), parameters)
                moved += connection.execute(f"DELETE FROM refused WHERE {condition}", parameters).rowcount  # noqa: S608
            return moved

    def _require_room(self, connection: sqlite3.Connection, wanted: int) -> None:
        used = _used(connection)
        if used + wanted + SLACK_BYTES > self._max_bytes:
            raise BufferFull(
                f"{self.path} holds {used:,} of {self._max_bytes:,} bytes: the reading was not kept. "
                "Give the buffer more room (max_bytes), mend the way to the system, or see the dead letters"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Closed(f"the Sender of {self.path} is closed")
        if os.getpid() != self._process:
            raise BufferUnusable(f"{self.path} was opened before a fork: open a Sender in the process that uses it")
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _fault(self.path, error) from error


def _fault(path: Path, error: sqlite3.Error) -> BufferFault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_BUSY, _LOCKED):
        return BufferInUse(f"{path} belongs to another Sender: give each process a buffer of its own")
    if code == _FULL:
        return BufferFull(f"the disk of {path} is full: the reading was not kept")
    if code == _READ_ONLY:
        return BufferUnusable(f"{path} cannot be written")
    return BufferUnusable(f"{path}: {error}")


def _used(connection: sqlite3.Connection) -> int:
    pages = _single(connection, "PRAGMA page_count") - _single(connection, "PRAGMA freelist_count")
    return pages * _single(connection, "PRAGMA page_size")


def _single(connection: sqlite3.Connection, statement: str) -> int:
    found: int = connection.execute(statement).fetchone()[0]
    return found
