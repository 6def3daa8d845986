"""The one function that says when a rule fires, the same live and over history (A3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from app.alerts.conditions import rates, silences, stretches, usual
from app.alerts.conditions.batch import (
    FIRING,
    NEVER,
    NO_CHANGES,
    Batch,
    Bool,
    Changes,
    Float,
    Int,
    Standing,
    Steps,
    first_of_each,
    join_changes,
    last_of_each,
)
from app.alerts.conditions.rules import Rule, Simple

SCHEDULE = -1


@dataclass(frozen=True, slots=True)
class States:
    """Where a rule stands with s servers: each simple condition, whether the whole fires (s,), since when its
    condition has held (s,), and up to which instant this is known (s,).
    """

    parts: tuple[Standing, ...]
    on: Bool
    since: Int
    time: Int

    @classmethod
    def new(cls, rule: Rule, time: Int) -> "States":
        """Nothing is known before `time` (s,)."""
        size = len(time)
        parts = tuple(Standing.new(size) for _ in rule.parts)
        return cls(parts, np.zeros(size, np.bool_), np.full(size, NEVER), time)

    def take(self, places: Int) -> "States":
        """Those of these servers (k,), ascending."""
        parts = tuple(part.take(places) for part in self.parts)
        return States(parts, self.on[places], self.since[places], self.time[places])

    def put(self, places: Int, other: "States") -> "States":
        """With those of these servers (k,), ascending, as in `other`."""
        parts = tuple(part.put(places, twin) for part, twin in zip(self.parts, other.parts, strict=True))
        on, since, time = self.on.copy(), self.since.copy(), self.time.copy()
        on[places], since[places], time[places] = other.on, other.since, other.time
        return States(parts, on, since, time)


def warm(rule: Rule, states: States, server: Int, ts: Int, values: Mapping[str, Float]) -> States:
    """Fill moving windows with readings that were judged before, so that the next ones can be held against them."""
    batch = Batch(server, ts, values, states.time)
    parts = []
    for part, standing in zip(rule.parts, states.parts, strict=True):
        own = batch.of(part.quantity or "")
        parts.append(signal(part, standing, batch, *own)[0] if part.kind == "rate" else standing)
    return replace(states, parts=tuple(parts))


Watcher = Callable[[Int, Int, Float], None]


def evaluate(rule: Rule, states: States, batch: Batch, watch: Watcher | None = None) -> tuple[States, Changes]:
    """Go on from `states` over what became known: where the rule then stands, and when it fired and ended.

    Nothing but its arguments decides, and cutting a batch in two at any instant changes nothing. `watch` is told, for
    each condition with levels, server, instant and value of what was held against them.
    """
    followed = [follow(part, standing, batch, watch) for part, standing in zip(rule.parts, states.parts, strict=True)]
    time = np.maximum(states.time, batch.until)
    if len(batch.ts):
        own = last_of_each(batch.server)
        time[batch.server[own]] = np.maximum(time[batch.server[own]], batch.ts[own])
    parts = tuple(standing for standing, _ in followed)
    if len(parts) == 1 and rule.schedule is None:
        changes = followed[0][1]
        return States(parts, parts[0].phase == FIRING, parts[0].since, time), changes
    changes = _combined(rule, states, [found for _, found in followed], time)
    on, since = states.on.copy(), states.since.copy()
    on[changes.server], since[changes.server] = changes.on, changes.since
    return States(parts, on, since, time), changes


def follow(part: Simple, standing: Standing, batch: Batch, watch: Watcher | None = None) -> tuple[Standing, Changes]:
    """One simple condition, likewise."""
    if part.kind == "offline":
        steps = _news(batch.steps, standing)
        values = steps.offline.astype(np.float64)
        return silences.follow(
            standing, steps.server, steps.ts, steps.offline, values, part.wait, batch.until, heard=None
        )
    server, ts, values = batch.of(part.quantity or "")
    if part.kind == "nodata":
        runs = np.ones(len(ts), np.bool_)
        return silences.follow(standing, server, ts, runs, values, part.wait, batch.until, batch.heard)
    standing, known, judged = signal(part, standing, batch, server, ts, values)
    if not known.all():
        server, ts, judged = server[known], ts[known], judged[known]
    if watch is not None:
        watch(server, ts, judged)
    sides = part.levels.sides(judged)
    return stretches.follow(standing, server, ts, sides, judged, part.wait, part.gap)


def _news(steps: Steps, standing: Standing) -> Steps:
    """Without those that say what was known."""
    before = np.append(np.nan, steps.offline[:-1])[: len(steps.ts)]
    first = first_of_each(steps.server)
    before[first] = standing.value[steps.server[first]]
    new = steps.offline != before
    return Steps(steps.server[new], steps.ts[new], steps.offline[new])


def signal(
    part: Simple, standing: Standing, batch: Batch, server: Int, ts: Int, values: Float
) -> tuple[Standing, Bool, Float]:
    """What is held against the levels, and at which of these readings there is any; (n,)."""
    if part.kind == "rate" and len(ts):
        tail, known, found = rates.rates(standing.tail, server, ts, values, part.window, part.per)
        return replace(standing, tail=tail), known, found
    if part.kind == "deviation":
        known, found = usual.scores(batch.hourly.get(part.quantity or ""), server, ts, values, part.days, part.zone)
        return standing, known, found
    return standing, np.ones(len(ts), np.bool_), values


def _combined(rule: Rule, states: States, parts: list[Changes], time: Int) -> Changes:
    """When enough of the parts hold, and the schedule does."""
    events = [replace(found, by=np.full(len(found), place)) for place, found in enumerate(parts)]
    if rule.schedule is not None:
        events.append(_schedule_changes(rule, states, time))
    each = join_changes(events)
    if not len(each):
        return each
    step = np.where(each.on, 1, -1)
    of_schedule = each.by == SCHEDULE
    holding = _count(each.server, np.where(of_schedule, 0, step), _holding(states))
    matters = _count(each.server, np.where(of_schedule, step, 0), _scheduled(rule, states))
    on = (holding >= (len(rule.parts) if rule.every else 1)) & (matters > 0)
    # Of several events of one instant only what they lead to counts.
    settled = np.flatnonzero(last_of_each(each.server) | np.append(each.ts[1:] != each.ts[:-1], True))
    return _turns(each.take(settled), on[settled], states)


def _count(server: Int, step: Int, start: Int) -> Int:
    """Running sums (k,) of each server's steps, from its own start."""
    total = np.cumsum(step)
    first = np.flatnonzero(first_of_each(server))
    before = total[first] - step[first]
    lengths = np.diff(np.append(first, len(server)))
    counted: Int = total - np.repeat(before, lengths) + start[server]
    return counted


def _holding(states: States) -> Int:
    holding: Int = np.sum([part.phase == FIRING for part in states.parts], axis=0, dtype=np.int64)
    return holding


def _scheduled(rule: Rule, states: States) -> Int:
    if rule.schedule is None:
        return np.ones(len(states.on), np.int64)
    known = {time: rule.schedule.holds(time) for time in np.unique(states.time).tolist()}
    return np.array([known[time] for time in states.time.tolist()], np.int64)


def _schedule_changes(rule: Rule, states: States, time: Int) -> Changes:
    if rule.schedule is None or not len(time):
        return NO_CHANGES
    edges = rule.schedule.edges(int(states.time.min()), int(time.max()))
    at = np.array([edge for edge, _ in edges], np.int64)
    on = np.array([begins for _, begins in edges], np.bool_)
    low, high = np.searchsorted(at, states.time, "right"), np.searchsorted(at, time, "right")
    server = np.repeat(np.arange(len(time)), high - low)
    place = np.concatenate([np.arange(first, last) for first, last in zip(low, high, strict=True)] or [low])
    count = len(server)
    return Changes(server, at[place], on[place], at[place], np.full(count, np.nan), np.full(count, SCHEDULE))


def _turns(each: Changes, on: Bool, states: States) -> Changes:
    """Those events at which the whole begins or ends; an end has the `since` of its beginning."""
    before = np.append(False, on[:-1])[: len(on)]
    first = first_of_each(each.server)
    before[first] = states.on[each.server[first]]
    turned = np.flatnonzero(on != before)
    found, begins = each.take(turned), on[turned]
    since = np.append(NEVER, found.since[:-1])[: len(turned)]
    first = first_of_each(found.server)
    since[first] = states.since[found.server[first]]
    return replace(found, on=begins, since=np.where(begins, found.since, since))
