"""Levels for a wanted rate of firing.

While the backtest runs, how far beyond the levels each server stood is kept in coarse slices of time. On these the
rule is counted for many levels; the few that come out are then counted exactly, in one more pass over the readings.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.alerts import history
from app.alerts.conditions import Batch, Rule, Standing, States, evaluate
from app.alerts.conditions.batch import Bool, Float, Int
from app.alerts.conditions.evaluating import signal
from app.alerts.conditions.rules import Simple, with_levels
from app.alerts.history import Past
from app.alerts.tallying import Judged, Tally
from app.core.copy import Connection
from app.readings.engine.outline import Overview

MINUTE = 60_000_000
# A year by the minute; longer ranges have longer slices.
SLICES = 600_000
# Levels counted on the slices, and those counted exactly.
GRID = 64
EXACT = 8
# What was held against the levels, as if it were a quantity of its own.
JUDGED = "judged"


@dataclass(slots=True)
class Sketch:
    """By server and slice: the highest and the lowest excess over the levels."""

    rule: Rule
    start: int
    width: int
    parts: list[tuple[Int, Int, Float, Float]] = field(default_factory=list)

    @classmethod
    def new(cls, rule: Rule, start: int, end: int) -> "Sketch":
        return cls(rule, start, max(MINUTE, (end - start) // SLICES))

    def add(self, judged: Judged) -> None:
        """The next rows, by server and instant."""
        if not len(judged.ts):
            return
        excess = self.rule.parts[0].levels.excess(judged.values)
        slices = (judged.ts - self.start) // self.width
        begin = np.flatnonzero(np.append(True, (slices[1:] != slices[:-1]) | (judged.server[1:] != judged.server[:-1])))
        highest, lowest = np.maximum.reduceat(excess, begin), np.minimum.reduceat(excess, begin)
        self.parts.append((judged.server[begin], slices[begin], highest, lowest))

    def candidates(self, most: int) -> list[float]:
        """Shifts of the levels at which the rule may fire about `most` times, ascending."""
        if not self.parts:
            return []
        server, slices, highest, lowest = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.lexsort((slices, server))
        part = self.rule.parts[0]
        eroded = _eroded(server[order], highest[order], lowest[order], part.wait // self.width)
        finite = eroded[np.isfinite(eroded)]
        if not len(finite):
            return []
        top = float(finite.max())
        found = _search(server[order], eroded, part.levels.hysteresis, most, float(np.median(finite)), top)
        return [*found, top]


def _eroded(server: Int, highest: Float, lowest: Float, hold: int) -> Float:
    """What the level must not exceed for the rule to fire in each slice: with a hold, the lowest of all that time."""
    if hold < 1:
        return highest
    eroded = lowest.copy()
    for back in range(1, min(hold, 1440) + 1):
        same = server[back:] == server[:-back]
        eroded[back:] = np.where(same, np.minimum(eroded[back:], lowest[:-back]), -np.inf)
        eroded[:back] = -np.inf
    return eroded


def _search(server: Int, eroded: Float, hysteresis: float, most: int, low: float, top: float) -> list[float]:
    """From the top downwards, as long as it fires no more than `most` times: the last few shifts of the grid."""
    for _ in range(2):
        grid = np.linspace(top, low, GRID)
        counts = [_count(server, eroded, shift, hysteresis) for shift in grid.tolist()]
        over = next((place for place, count in enumerate(counts) if count > most), len(grid))
        if over == 0:
            return []
        low, top_of = float(grid[min(over, GRID - 1)]), float(grid[max(0, over - 4)])
        top = top_of
    return [float(shift) for shift in np.unique(np.linspace(low, top, EXACT - 1))]


def _count(server: Int, eroded: Float, shift: float, hysteresis: float) -> int:
    """How often it would fire on the slices."""
    side = (eroded > shift).astype(np.int8) - (eroded <= shift - hysteresis).astype(np.int8)
    first = np.append(True, server[1:] != server[:-1])
    side[first & (side == 0)] = -1
    told = np.flatnonzero(side)
    on = side[told] > 0
    before = np.append(False, on[:-1])
    before[first[told]] = False
    return int(np.count_nonzero(on & ~before))


async def suggest(
    connection: Connection,
    past: Past,
    seen: Overview,
    condition: Mapping[str, Any],
    sketch: Sketch,
    most: int,
    tally: Tally,
) -> dict[str, Any] | None:
    """The condition with the most sensitive levels that fire at most `most` times, counted exactly."""
    if tally.levels is None:
        return None
    shifts = [_rounded(shift, sketch) for shift in sketch.candidates(most)]
    rules = [(shift, past.rule.shifted(shift)) for shift in sorted(set(shifts))]
    rules = [(shift, rule) for shift, rule in rules if _is_band(rule)]
    if not rules:
        return None
    counts = await _counted(connection, past, seen, [shift for shift, _ in rules], [rule for _, rule in rules], tally)
    fit = [(shift, rule, count) for (shift, rule), count in zip(rules, counts, strict=True) if count <= most]
    # The highest level that fires too often is the bound: below it a count is small only because it never ends.
    over = max([shift for (shift, _), count in zip(rules, counts, strict=True) if count > most], default=-np.inf)
    found = next(((rule, count) for shift, rule, count in fit if shift > over), None)
    if found is None:
        return None
    rule, count = found
    return {"condition": with_levels(condition, rule.parts[0].levels), "count": count}


async def _counted(
    connection: Connection, past: Past, seen: Overview, shifts: list[float], rules: list[Rule], tally: Tally
) -> list[int]:
    """How often each of these rules, whose levels lie outside of one another, would have fired.

    What is held against the levels is computed once. Of readings that are back behind all of the levels only the first
    of a run can change anything; the others, nearly all, are left out.
    """
    start = np.full(past.size, tally.silences.start - 1)
    part = past.rule.parts[0]
    plain = [replace(rule, parts=(_plain(rule.parts[0]),)) for rule in rules]
    states = [States.new(rule, start) for rule in plain]
    counts = [0] * len(rules)
    standing = Standing.new(past.size)
    floor = shifts[0] - part.levels.hysteresis

    def add(batch: Batch) -> None:
        nonlocal standing
        server, ts, values = batch.of(part.quantity or "")
        standing, known, judged = signal(part, standing, batch, server, ts, values)
        server, ts, judged = server[known], ts[known], judged[known]
        kept = _telling(server, part.levels.excess(judged) <= floor)
        few = Batch(server[kept], ts[kept], {JUDGED: judged[kept]}, batch.until)
        for place, rule in enumerate(plain):
            states[place], changes = evaluate(rule, states[place], few)
            counts[place] += int(np.count_nonzero(changes.on))

    async with aclosing(history.batches(connection, past, seen, add)) as passed:
        async for _ in passed:
            pass
    return counts


def _plain(part: Simple) -> Simple:
    """The condition as a threshold for what was computed before."""
    return replace(part, kind="threshold", quantity=JUDGED)


def _telling(server: Int, back: Bool) -> Bool:
    """Those that are not back, and of runs that are the first, and the last: a silence begins at it."""
    if not len(back):
        return back
    inner = np.zeros(len(back), np.bool_)
    inner[1:-1] = back[:-2] & back[2:] & (server[:-2] == server[2:])
    return ~(back & inner)


def _is_band(rule: Rule) -> bool:
    """Whether levels that were moved still leave a band, with room for the hysteresis."""
    levels = rule.parts[0].levels
    room = 0.0 if levels.within or not np.isfinite(levels.high - levels.low) else 2 * levels.hysteresis
    return levels.high - levels.low > room


def _rounded(shift: float, sketch: Sketch) -> float:
    """Outwards to a round number, some hundredth of how far values spread."""
    highest = max(float(part[2].max()) for part in sketch.parts)
    lowest = min(float(part[3].min()) for part in sketch.parts)
    spread = max(highest - lowest, 1e-9)
    digits = int(np.floor(np.log10(400 / spread)))
    step = 10.0**-digits
    return float(round(np.ceil(shift / step - 1e-9) * step, max(0, digits)))
