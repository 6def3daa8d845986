"""Holds: from the sides on which readings stand to the instants at which a condition begins and ends.

It works on stretches of readings on one side, never on a reading at a time: a year at 1 Hz costs what comparing 31.5
million numbers costs.
"""

import numpy as np

from app.alerts.conditions.batch import (
    FIRING,
    NEVER,
    NO_CHANGES,
    OK,
    PENDING,
    Bool,
    Changes,
    Float,
    Int,
    Phases,
    Standing,
    first_of_each,
    last_of_each,
)


def follow(
    standing: Standing, server: Int, ts: Int, sides: Phases, values: Float, hold: int, gap: int
) -> tuple[Standing, Changes]:
    """Go on over n readings in order of server and instant.

    A condition begins at the first reading that is `hold` microseconds behind the first of its stretch beyond the
    level, and ends at the first reading that is back. A silence longer than `gap` begins a stretch anew.
    """
    if not len(ts):
        return standing, NO_CHANGES
    first = first_of_each(server)
    before = np.append(NEVER, ts[:-1])
    before[first] = standing.last[server[first]]
    silent = ts - before > gap
    begin = np.flatnonzero(first | silent | np.append(True, sides[1:] != sides[:-1]))
    end = np.append(begin[1:], len(ts))
    own, side = server[begin], sides[begin]
    goes_on = first[begin] & ~silent[begin] & (standing.phase[own] == PENDING)
    since = np.where(goes_on, standing.since[own], ts[begin])
    held = (side > 0) & (ts[end - 1] - since >= hold)
    changed = _changed(standing, own, held, side < 0)
    at = begin[changed]
    waits = np.flatnonzero(held[changed] & (ts[at] < since[changed] + hold))
    if len(waits):
        of = changed[waits]
        at[waits] = _first_not_before(ts, begin[of], end[of], since[of] + hold)
    changes = _changes(standing, own[changed], held[changed], since[changed], ts[at], values[at])
    last = np.flatnonzero(last_of_each(own))
    return _standing(standing, own[last], side[last], since[last], end[last] - 1, ts, values, changes), changes


def _changed(standing: Standing, own: Int, held: Bool, back: Bool) -> Int:
    """Which stretches make a condition begin or end: those that differ from what the server's last one left."""
    telling = np.flatnonzero(held | back)
    on, of = held[telling], own[telling]
    before = np.append(False, on[:-1])[: len(on)]
    first = first_of_each(of)
    before[first] = standing.phase[of[first]] == FIRING
    changed: Int = telling[on != before]
    return changed


def _first_not_before(ts: Int, low: Int, high: Int, target: Int) -> Int:
    """In each stretch [low, high) the first reading at or after its target, by halving all of them at once."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        # Where low has met high, the middle may be behind the end.
        later = (low < high) & (ts[np.minimum(middle, len(ts) - 1)] < target)
        low, high = np.where(later, middle + 1, low), np.where(later, high, middle)
    return np.minimum(low, len(ts) - 1)


def _changes(standing: Standing, server: Int, on: Bool, since: Int, ts: Int, values: Float) -> Changes:
    """An end has the `since` of its beginning: of the change before it, or of the standing."""
    begun = np.append(NEVER, since[:-1])[: len(since)]
    first = first_of_each(server)
    begun[first] = standing.since[server[first]]
    return Changes(server, ts, on, np.where(on, since, begun), values, np.zeros(len(ts), np.int64))


def _standing(
    standing: Standing, own: Int, side: Phases, since: Int, newest: Int, ts: Int, values: Float, changes: Changes
) -> Standing:
    phase, began = standing.phase.copy(), standing.since.copy()
    # Of several changes of a server numpy keeps the last.
    phase[changes.server] = np.where(changes.on, FIRING, OK)
    began[changes.server] = changes.since
    waits = phase[own] != FIRING
    phase[own[waits]] = np.where(side[waits] > 0, PENDING, OK)
    began[own[waits]] = np.where(side[waits] > 0, since[waits], NEVER)
    last, value = standing.last.copy(), standing.value.copy()
    last[own], value[own] = ts[newest], values[newest]
    return Standing(phase, began, last, value, standing.tail)
