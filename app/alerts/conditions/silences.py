"""Silences: conditions that begin by the clock, at a deadline, because something did not come.

A silence runs from a mark on; it is a condition `wait` microseconds later, unless the server's next mark comes first.
Readings are marks for NoData; for offline they are the server's going and coming back.
"""

import numpy as np

from app.alerts.conditions.batch import (
    FIRING,
    NEVER,
    OK,
    PENDING,
    Bool,
    Changes,
    Float,
    Int,
    Phases,
    Standing,
    changes_in_order,
    first_of_each,
    last_of_each,
)


def follow(
    standing: Standing, server: Int, ts: Int, runs: Bool, values: Float, wait: int, until: Int, heard: Int | None
) -> tuple[Standing, Changes]:
    """Go on over n marks in order of server and instant, then up to `until` (s,); `runs`: a silence begins at it."""
    first = first_of_each(server)
    began = np.append(NEVER, np.where(runs, ts, NEVER)[:-1])[: len(ts)]
    began[first] = standing.since[server[first]]
    fired = np.zeros(len(ts), np.bool_)
    fired[first] = standing.phase[server[first]] == FIRING
    due = (began != NEVER) & (ts - began > wait) & ~fired
    ends = due | fired
    last = np.flatnonzero(last_of_each(server))
    own = server[last]
    since, phase = standing.since.copy(), standing.phase.copy()
    since[own] = np.where(runs[last], ts[last], NEVER)
    phase[own] = np.where(runs[last], PENDING, OK)
    silent, at = _silent(phase, since, wait, until, heard)
    phase[silent] = FIRING
    newest, value = standing.last.copy(), standing.value.copy()
    newest[own], value[own] = ts[last], values[last]
    nothing = np.full(len(silent) + int(due.sum()), np.nan)
    changes = changes_in_order(
        np.concatenate([server[due], server[ends], silent]),
        np.concatenate([began[due] + wait, ts[ends], at]),
        np.concatenate([np.ones(due.sum(), np.bool_), np.zeros(ends.sum(), np.bool_), np.ones(len(silent), np.bool_)]),
        np.concatenate([began[due], began[ends], since[silent]]),
        np.concatenate([nothing[: due.sum()], values[ends], nothing[due.sum() :]]),
    )
    return Standing(phase, since, newest, value), changes


def _silent(phase: Phases, since: Int, wait: int, until: Int, heard: Int | None) -> tuple[Int, Int]:
    """Who has been silent for long enough by `until`, and the instants at which that was so."""
    start = since if heard is None else np.where(since == NEVER, NEVER, np.maximum(since, heard))
    silent = np.flatnonzero((start != NEVER) & (phase != FIRING) & (until - start > wait))
    return silent, start[silent] + wait
