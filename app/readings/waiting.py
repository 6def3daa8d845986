"""Requests that wait for their commit, and what they are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.core import metrics
from app.readings.merging import Merged, Outcome
from app.readings.rows import Reading, Rows, concatenate, rows_of

_ACCEPTED, _UPDATED, _DUPLICATES = (metrics.READINGS.labels(name) for name in ("accepted", "updated", "duplicate"))


@dataclass(slots=True)
class Stored:
    """What became of one reading, and its instant's values now."""

    outcome: Outcome
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many readings became what."""

    accepted: int = 0
    updated: int = 0
    duplicates: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.accepted + other.accepted, self.updated + other.updated, self.duplicates + other.duplicates)


# Not frozen: that costs 1 µs a reading.
@dataclass(slots=True)
class One:
    """A request with one reading, packed already."""

    reading: Reading
    packed: bytes
    answer: "asyncio.Future[Stored]"

    def __len__(self) -> int:
        return 1

    @property
    def rows(self) -> Rows:
        return rows_of([self.reading])

    def settle(self, merged: Merged | None, position: int) -> None:
        """Answer from the merged batch, where the reading stands at `position`; None: it was new."""
        if merged is None:
            stored = Stored(Outcome.ACCEPTED, self.reading.values)
        else:
            state = merged.final.reading(int(merged.position[position]))
            stored = Stored(Outcome(int(merged.outcomes[position])), state.values)
        if not self.answer.done():
            self.answer.set_result(stored)


@dataclass(frozen=True, slots=True)
class Many:
    """A request with a small batch."""

    rows: Rows
    answer: "asyncio.Future[Counts]"

    def __len__(self) -> int:
        return len(self.rows)

    def settle(self, merged: Merged | None, position: int) -> None:
        """Answer from the merged batch, where the readings stand from `position` on; None: all were new."""
        if not self.answer.done():
            self.answer.set_result(counts(merged, len(self.rows), position))


Waiting = One | Many


def counts(merged: Merged | None, size: int, position: int = 0) -> Counts:
    """What became of `size` readings of a batch from `position` on; None: all were new."""
    if merged is None:
        return Counts(accepted=size)
    accepted, updated, duplicates = np.bincount(merged.outcomes[position : position + size], minlength=3).tolist()
    return Counts(accepted, updated, duplicates)


def gather(group: Sequence[Waiting]) -> Rows:
    """All readings of a group, in its order."""
    singles = [waiting.reading for waiting in group if isinstance(waiting, One)]
    return rows_of(singles) if len(singles) == len(group) else concatenate([waiting.rows for waiting in group])


def measure(total: Counts, seconds: float) -> None:
    """Count a commit in the metrics."""
    metrics.COMMIT_SECONDS.observe(seconds)
    metrics.BATCH_READINGS.observe(total.accepted + total.updated + total.duplicates)
    _ACCEPTED.inc(total.accepted)
    if total.updated or total.duplicates:
        _UPDATED.inc(total.updated)
        _DUPLICATES.inc(total.duplicates)
