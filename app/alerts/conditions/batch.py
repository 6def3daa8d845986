"""What the one function takes and gives: servers by their place, readings in columns, states a row a server."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Phases = NDArray[np.int8]

# Far before any instant that is stored, and far enough from the ends of int64 that differences do not overflow.
NEVER = -(2**61)
OK, PENDING, FIRING = 0, 1, 2
PHASES = ("ok", "pending", "firing")


def first_of_each(server: Int) -> Bool:
    """Which rows (n,), in order of servers, are the first of theirs."""
    return np.append(True, server[1:] != server[:-1])[: len(server)]


def last_of_each(server: Int) -> Bool:
    """Which rows (n,), in order of servers, are the last of theirs."""
    return np.append(server[1:] != server[:-1], True)[: len(server)]


@dataclass(frozen=True, slots=True)
class Steps:
    """When servers went offline and came back, in order of server and instant; each column (k,)."""

    server: Int = field(default_factory=lambda: np.empty(0, np.int64))
    ts: Int = field(default_factory=lambda: np.empty(0, np.int64))
    offline: Bool = field(default_factory=lambda: np.empty(0, np.bool_))


@dataclass(frozen=True, slots=True)
class HourlyValues:
    """Mean and variance of a quantity in hours of servers, by server and hour (since 1970); each column (h,)."""

    server: Int
    hour: Int
    mean: Float
    variance: Float


@dataclass(frozen=True, slots=True)
class Batch:
    """What became known of s servers, each named by its place from 0 on.

    Readings, n of them, in order of server and instant, each later than what that server's state has seen; instants are
    microseconds since 1970. `values` are NaN where the quantity is absent. Time is known to have passed up to `until`
    (s,): what has not arrived by then is silence, which counts from `heard` (s,) on when that is later than the last
    reading. `hourly` is history by quantity, of hours before those of the readings.
    """

    server: Int
    ts: Int
    values: Mapping[str, Float]
    until: Int
    steps: Steps = field(default_factory=Steps)
    heard: Int | None = None
    hourly: Mapping[str, HourlyValues] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.until)

    def of(self, quantity: str) -> tuple[Int, Int, Float]:
        """Server, instant and value of the readings that have the quantity."""
        column = self.values.get(quantity)
        if column is None:
            return self.server[:0], self.ts[:0], np.empty(0)
        absent = np.isnan(column)
        if not absent.any():
            return self.server, self.ts, column
        return self.server[~absent], self.ts[~absent], column[~absent]


@dataclass(frozen=True, slots=True)
class Samples:
    """Kept readings of a moving window, in order of server and instant; each column (k,)."""

    server: Int
    ts: Int
    value: Float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one simple condition stands with s servers; each column (s,).

    `since`: the first instant beyond the level while pending or firing; of a silence its beginning, else NEVER.
    `last` and `value`: the newest reading that was looked at.
    """

    phase: Phases
    since: Int
    last: Int
    value: Float
    tail: Samples | None = None

    def take(self, places: Int) -> "Standing":
        """That of these servers (k,), ascending."""
        tail = None
        if self.tail is not None:
            at = np.searchsorted(places, self.tail.server)
            own = (at < len(places)) & (places[np.minimum(at, len(places) - 1)] == self.tail.server)
            tail = Samples(at[own], self.tail.ts[own], self.tail.value[own])
        return Standing(self.phase[places], self.since[places], self.last[places], self.value[places], tail)

    def put(self, places: Int, other: "Standing") -> "Standing":
        """With that of these servers (k,), ascending, as in `other`."""
        phase, since, last, value = self.phase.copy(), self.since.copy(), self.last.copy(), self.value.copy()
        phase[places], since[places], last[places], value[places] = other.phase, other.since, other.last, other.value
        return Standing(phase, since, last, value, _put_tail(self.tail, places, other.tail))

    @classmethod
    def new(cls, size: int) -> "Standing":
        never = np.full(size, NEVER)
        return cls(np.zeros(size, np.int8), never, never.copy(), np.full(size, np.nan))


def _put_tail(tail: Samples | None, places: Int, other: Samples | None) -> Samples | None:
    if other is None:
        return tail
    kept = tail or Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    rest = ~np.isin(kept.server, places)
    server = np.concatenate([kept.server[rest], places[other.server]])
    ts, value = np.concatenate([kept.ts[rest], other.ts]), np.concatenate([kept.value[rest], other.value])
    order = np.lexsort((ts, server))
    return Samples(server[order], ts[order], value[order])


@dataclass(frozen=True, slots=True)
class Changes:
    """Conditions that began (`on`) or ended, in order of server and instant; each column (k,).

    `since` is where the stretch began that made it begin; `value` what decided, NaN for silence. `by` is the place of
    the simple condition that tipped the scales, -1: the schedule.
    """

    server: Int
    ts: Int
    on: Bool
    since: Int
    value: Float
    by: Int

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: Int | Bool) -> "Changes":
        return Changes(
            self.server[which], self.ts[which], self.on[which], self.since[which], self.value[which], self.by[which]
        )


def changes_in_order(server: Int, ts: Int, on: Bool, since: Int, value: Float) -> Changes:
    """Changes sorted by server and instant; of one instant an end comes before a beginning."""
    order = np.lexsort((on, ts, server))
    return Changes(server[order], ts[order], on[order], since[order], value[order], np.zeros(len(order), np.int64))


_NONE: Int = np.empty(0, np.int64)
NO_CHANGES = Changes(_NONE, _NONE, np.empty(0, np.bool_), _NONE, np.empty(0), _NONE)


def join_changes(parts: list[Changes]) -> Changes:
    """All of these, in order of server and instant."""
    if not parts:
        return NO_CHANGES
    server, ts = np.concatenate([part.server for part in parts]), np.concatenate([part.ts for part in parts])
    on, since = np.concatenate([part.on for part in parts]), np.concatenate([part.since for part in parts])
    value, by = np.concatenate([part.value for part in parts]), np.concatenate([part.by for part in parts])
    return Changes(server, ts, on, since, value, by).take(np.lexsort((ts, server)))
