"""Rates of change over a moving window, of which a sixtieth part is remembered.

A window in full would be an hour of readings a server; of each sixtieth of it the first reading is kept, and a reading
is compared with the oldest kept one within the window. The rate is exact between the two: what the sixtieth costs is
that they may lie that much less than a window apart.
"""

import numpy as np

from app.alerts.conditions.batch import Bool, Float, Int, Samples, first_of_each

PARTS = 60
# Readings closer together than this share of the window say nothing about it.
LEAST_SHARE = 0.5
NOTHING = Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def part_of(window: int) -> int:
    """Microseconds of the part of which one reading is kept."""
    return max(1, window // PARTS)


def rates(
    tail: Samples | None, server: Int, ts: Int, values: Float, window: int, per: int
) -> tuple[Samples, Bool, Float]:
    """Over n readings in order of server and instant: the tail to go on from, and which readings have a rate (n,), and
    the rates (n,), change of the value in `per` microseconds.
    """
    kept = _kept(tail or NOTHING, server, ts, values, part_of(window))
    base = int(min(kept.ts.min(), ts.min()))
    span = int(max(kept.ts.max(), ts.max())) - base + window + 1
    keys = kept.server * span + (kept.ts - base) + window
    at = np.searchsorted(keys, server * span + (ts - base))
    apart = ts - kept.ts[at]
    known = apart >= LEAST_SHARE * window
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = (values - kept.value[at]) / apart * per
    return _trimmed(kept, server, ts, window), known, rate


def _kept(tail: Samples, server: Int, ts: Int, values: Float, part: int) -> Samples:
    """The tail and the first reading of each further part."""
    number = ts // part
    new = np.flatnonzero(first_of_each(server) | np.append(True, number[1:] != number[:-1]))
    joined = Samples(
        np.concatenate([tail.server, server[new]]),
        np.concatenate([tail.ts, ts[new]]),
        np.concatenate([tail.value, values[new]]),
    )
    order = np.lexsort((joined.ts, joined.server))
    found = Samples(joined.server[order], joined.ts[order], joined.value[order])
    again = found.ts // part
    once = first_of_each(found.server) | np.append(True, again[1:] != again[:-1])
    return _take(found, once)


def _trimmed(kept: Samples, server: Int, ts: Int, window: int) -> Samples:
    """Without what no later reading of its server can be compared with."""
    newest = np.full(int(max(kept.server.max(), server.max())) + 1, np.iinfo(np.int64).min)
    np.maximum.at(newest, kept.server, kept.ts)
    np.maximum.at(newest, server, ts)
    return _take(kept, kept.ts >= newest[kept.server] - window)


def _take(samples: Samples, which: Bool) -> Samples:
    return Samples(samples.server[which], samples.ts[which], samples.value[which])
