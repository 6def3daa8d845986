"""What a batch of stored readings brought of each of its servers; pure functions over columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.readings.rows import Float, Int

# Listeners get so many of a server's readings at a time, the newest: two seconds at 10 Hz. Of more they get the span.
NEWEST = 20
# A reading that comes longer after its instant is late: devices that gather send once a minute.
LATE_MICROSECONDS = 60 * 1_000_000

_REDUCE = {
    "received": np.add,
    "duplicates": np.add,
    "late": np.add,
    "first": np.minimum,
    "last": np.maximum,
    "least_lag": np.minimum,
    "largest_lag": np.maximum,
    "lags": np.add,
}


@dataclass(frozen=True, slots=True)
class Digest:
    """Of k servers, ascending, each (k,): how many readings came, how many of them said nothing new, how many were
    late; first and last instant, microseconds since 1970; lag, the microseconds from a reading's instant to its
    arrival, which is below zero where a device's clock is ahead: least, largest and sum.
    """

    server: Int
    received: Int
    duplicates: Int
    late: Int
    first: Int
    last: Int
    least_lag: Int
    largest_lag: Int
    lags: Float

    def count_duplicates(self, servers: Int) -> None:
        """Add one for each of these server numbers, all of which are there."""
        np.add.at(self.duplicates, np.searchsorted(self.server, servers), 1)


def digest(server: Int, ts: Int, arrived: int) -> Digest:
    """Sum up n readings, at least one: server numbers and instants (n,), and when they arrived; no duplicates yet."""
    lag = arrived - ts
    columns = {
        "received": np.ones(len(server), np.int64),
        "duplicates": np.zeros(len(server), np.int64),
        "late": (lag > LATE_MICROSECONDS).astype(np.int64),
        "first": ts,
        "last": ts,
        "least_lag": lag,
        "largest_lag": lag,
        "lags": lag.astype(np.float64),
    }
    return _by_server(server, columns)


def join(parts: Sequence[Digest]) -> Digest:
    """Several digests, at least one, as one."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _REDUCE}
    return _by_server(np.concatenate([part.server for part in parts]), columns)


def newest(server: Int, ts: Int) -> Int:
    """Positions of the NEWEST latest readings of each server, by server and instant; at least one reading."""
    order = np.lexsort((ts, server))
    grouped = server[order]
    ends = np.flatnonzero(np.diff(grouped, append=grouped[-1] + 1))
    counts = np.diff(ends, prepend=-1)
    from_the_end = np.repeat(ends, counts) - np.arange(len(order))
    kept: Int = order[from_the_end < NEWEST]
    return kept


def _by_server(server: Int, columns: Mapping[str, Any]) -> Digest:
    order = np.argsort(server, kind="stable")
    grouped = server[order]
    starts = np.flatnonzero(np.diff(grouped, prepend=grouped[0] - 1))
    reduced = {name: _REDUCE[name].reduceat(column[order], starts) for name, column in columns.items()}
    return Digest(server=grouped[starts], **reduced)
