"""When a rule fires: one pure function over readings, the same live and over history.

Time is the readings' own, so the answer depends on nothing but them, and cutting a stretch of readings into pieces at
any place changes nothing.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Phase = Literal["ok", "pending", "firing"]
Instants = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Fires when values have stood beyond `level` for `hold` microseconds; ends when one is back at `clear`."""

    level: float
    above: bool
    clear: float
    """Between `clear` and `level` nothing begins and nothing ends (hysteresis)."""
    hold: int


@dataclass(frozen=True, slots=True)
class State:
    """Where a rule stands: `since` is the first instant beyond the level, while it is pending or firing."""

    phase: Phase = "ok"
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A rule that fired (`opened`) or ended (`resolved`) at the reading of this instant and value."""

    kind: Literal["opened", "resolved"]
    at: int
    value: float
    since: int


def evaluate(rule: Threshold, state: State, instants: Instants, values: Values) -> tuple[State, list[Transition]]:
    """Go on from `state` over these readings, ascending and later than all before; shapes (n,), no NaN.

    The cost is that of the stretches on one side of a bound, not of the readings.
    """
    transitions: list[Transition] = []
    for first, end, side in _stretches(rule, values):
        state = _step(rule, state, instants[first:end], values[first:end], side, transitions)
    return state, transitions


def _stretches(rule: Threshold, values: Values) -> list[tuple[int, int, int]]:
    """Begin, end and side of the longest stretches: 1 beyond the level, -1 back at `clear`, 0 between the two."""
    beyond, back = (
        (values > rule.level, values <= rule.clear)
        if rule.above
        else (
            values < rule.level,
            values >= rule.clear,
        )
    )
    side = beyond.astype(np.int8) - back.astype(np.int8)
    cuts = np.flatnonzero(np.diff(side)) + 1
    bounds = [0, *cuts.tolist(), len(values)]
    return [(first, end, int(side[first])) for first, end in pairwise(bounds) if first < end]


def _step(
    rule: Threshold, state: State, instants: Instants, values: Values, side: int, transitions: list[Transition]
) -> State:
    if state.phase == "firing":
        if side >= 0:
            return state
        transitions.append(Transition("resolved", int(instants[0]), float(values[0]), state.since or 0))
        return State()
    if side <= 0:
        return State()
    since = int(instants[0]) if state.since is None else state.since
    place = int(np.searchsorted(instants, since + rule.hold))
    if place == len(instants):
        return State("pending", since)
    transitions.append(Transition("opened", int(instants[place]), float(values[place]), since))
    return State("firing", since)
