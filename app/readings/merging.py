"""The rule for the same server and instant (invariant W3), over columns.

Missing values fill in, the newest wins, a quantity at a time; a reading that changes nothing is a duplicate.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from app.readings.rows import Float, Int, Rows, concatenate


class Outcome(IntEnum):
    """What became of a reading."""

    ACCEPTED = 0
    UPDATED = 1
    DUPLICATE = 2


@dataclass(frozen=True, slots=True)
class Merged:
    """n readings merged into what was stored.

    `outcomes` (n,) holds an Outcome a reading, as if they had come one after the other. `final` has the state of each
    of their keys afterwards, ascending; `position` (n,) is where a reading's key stands in it.
    """

    outcomes: Int
    final: Rows
    position: Int


def merge(stored: Rows, incoming: Rows) -> Merged:
    """Merge readings, in their order, into the stored ones of the same keys; at least one is incoming."""
    both = concatenate([stored, incoming])
    # Stable: within a key the stored reading stays first and the others keep their order.
    order = np.lexsort((both.ts, both.server))
    rows = both.take(order)
    first = _first_of_key(rows)
    starts = np.flatnonzero(first)
    key = np.cumsum(first) - 1
    states = {name: _carry(column, starts[key]) for name, column in rows.values.items()}
    outcome = np.where(first, Outcome.ACCEPTED, np.where(_changed(states, first), Outcome.UPDATED, Outcome.DUPLICATE))
    last = np.append(starts[1:], len(rows)) - 1
    final = Rows(rows.server, rows.ts, states).take(last)
    return Merged(_unsorted(outcome, order)[len(stored) :], final, _unsorted(key, order)[len(stored) :])


def _first_of_key(rows: Rows) -> npt.NDArray[np.bool_]:
    first = np.ones(len(rows), np.bool_)
    first[1:] = (rows.server[1:] != rows.server[:-1]) | (rows.ts[1:] != rows.ts[:-1])
    return first


def _carry(column: Float, start: Int) -> Float:
    """The latest value present since the key's first row, at each row."""
    latest = np.maximum.accumulate(np.where(np.isnan(column), -1, np.arange(len(column))))
    return np.where(latest >= start, column[latest], np.nan)


def _changed(states: dict[str, Float], first: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where a row's state differs from the one before it; meaningless at the first row of a key."""
    changed = first.copy()
    for state in states.values():
        before = np.roll(state, 1)
        changed |= (state != before) & ~(np.isnan(state) & np.isnan(before))
    return changed


def _unsorted(values: Int, order: Int) -> Int:
    result = np.empty_like(values)
    result[order] = values
    return result
