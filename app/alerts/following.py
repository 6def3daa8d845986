"""What the leading watcher keeps of each rule in memory; all of it can be read anew from the rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import structlog

from app.alerts.conditions import NEVER, PHASES, Changes, HourlyValues, Rule, Standing, States, Steps, compiled
from app.alerts.conditions.batch import Bool, Int
from app.core.db import UNAVAILABLE

# A late reading is looked at for so long: so old is the older of two states that are kept to begin again from.
LATE_SECONDS = 300.0

log = structlog.get_logger()


@dataclass(slots=True)
class Followed:
    """A rule over s servers, by number ascending: where it stands, and up to which instant readings were looked at."""

    rule_id: int
    workspace_id: int
    condition: Mapping[str, Any]
    rule: Rule
    began: int
    """It looks at nothing from before; microseconds."""
    servers: Int
    states: States
    seen: Int
    feed: Int
    """Up to where readings were read: before `seen` while a moving window is filled again after a restart."""
    unsaved: Bool
    heard: Int
    """When a reading last arrived, as far as this process knows."""
    steps: Steps = field(default_factory=Steps)
    """Of presence, not yet looked at."""
    left: list[int] = field(default_factory=list)
    """Servers that it looks at no more, though something is open there."""
    hourly: dict[str, HourlyValues] = field(default_factory=dict)
    hours: frozenset[int] = frozenset()
    """Hours for which `hourly` is there."""
    earlier: list[tuple[States, Int]] = field(default_factory=list)
    """Two states to begin again from, the older first, each with its `seen`."""
    kept_at: float = 0.0
    failed: bool = False
    """Whether judging it went wrong."""

    def places(self, servers: Int) -> tuple[Int, Bool]:
        """Where these servers stand, and which of them the rule looks at; (k,)."""
        if not len(self.servers):
            return np.zeros(len(servers), np.int64), np.zeros(len(servers), np.bool_)
        at = np.minimum(np.searchsorted(self.servers, servers), len(self.servers) - 1)
        return at, self.servers[at] == servers

    def keep(self, moment: float) -> None:
        """Keep the state of now, from time to time, for readings that come late."""
        if not self.earlier or moment - self.kept_at > LATE_SECONDS:
            self.kept_at = moment
            self.earlier = [*self.earlier[-1:], (self.states, self.seen)]

    def rescoped(self, servers: Int, now: int) -> None:
        """The same rule over other servers; those that came newly are looked at from now on."""
        at, known = self.places(servers)
        own, old = np.flatnonzero(known), at[known]
        fresh = States.new(self.rule, np.full(len(servers), now))

        def moved(column: Int, start: int) -> Int:
            found = np.full(len(servers), start)
            found[own] = column[old]
            return found

        self.states = fresh.put(own, self.states.take(old))
        self.earlier = [(fresh.put(own, states.take(old)), moved(seen, now)) for states, seen in self.earlier]
        self.seen, self.feed, self.heard = moved(self.seen, now), moved(self.feed, now), moved(self.heard, NEVER)
        unsaved = np.ones(len(servers), np.bool_)
        unsaved[own] = self.unsaved[old]
        self.servers, self.unsaved, self.hours = servers, unsaved, frozenset()

    @property
    def size(self) -> int:
        return len(self.servers)


@contextmanager
def alone(followed: Followed) -> Iterator[None]:
    """A rule that cannot be judged stops no other: it rests until it is changed."""
    try:
        yield
    except (psycopg.Error, *UNAVAILABLE):
        raise
    except Exception:
        followed.failed = True
        log.exception("rule_failed", rule=followed.rule_id)


def opened(row: Sequence[Any], servers: Int) -> Followed:
    """A rule that nothing is known of yet, from a row of `RULES`."""
    rule_id, workspace_id, condition, schedule, began = row[:5]
    rule = compiled(condition, schedule)
    start = np.full(len(servers), began)
    states = States.new(rule, start)
    never, unsaved = np.full(len(servers), NEVER), np.ones(len(servers), np.bool_)
    return Followed(
        rule_id, workspace_id, condition, rule, began, servers, states, start.copy(), start.copy(), unsaved, never
    )


def restore(followed: Followed, rows: Sequence[Sequence[Any]]) -> None:
    """Go on from what was saved: rows of server, phase, since, seen and parts."""
    at, known = followed.places(np.array([row[0] for row in rows], np.int64))
    states, parts = followed.states, followed.states.parts
    for row, place in zip((row for row, own in zip(rows, known, strict=True) if own), at[known].tolist(), strict=True):
        _, phase, since, seen, listed = row
        followed.seen[place] = states.time[place] = seen
        followed.unsaved[place] = False
        states.on[place] = phase == "firing"
        states.since[place] = NEVER if since is None else since
        # A state of the code before has one condition, whose readings ended at `seen`.
        for part, saved in zip(parts, listed or [[PHASES.index(phase), since, seen, None]], strict=False):
            _restore_part(part, place, saved)

    followed.feed = followed.seen - followed.rule.window


def _restore_part(part: Standing, place: int, saved: Sequence[Any]) -> None:
    phase, since, last, value = saved
    part.phase[place] = phase
    part.since[place] = NEVER if since is None else since
    part.last[place] = NEVER if last is None else last
    part.value[place] = np.nan if value is None else value


def rows_to_save(followed: Followed, places: Int) -> list[tuple[int, int, str, int | None, int, list[Any]]]:
    """Rule, server, phase, since, seen and parts of these places."""
    phases = phases_of(followed, places)
    return [
        (
            followed.rule_id,
            int(followed.servers[place]),
            PHASES[phase],
            _known(followed.states.since[place] if followed.states.on[place] else _pending(followed, place)),
            int(followed.seen[place]),
            [_part(part, place) for part in followed.states.parts],
        )
        for place, phase in zip(places.tolist(), phases.tolist(), strict=True)
    ]


def phases_of(followed: Followed, places: Int) -> Int:
    """0, 1 or 2, the place in PHASES, of the whole rule at these places: pending while any condition is beyond."""
    states = followed.states
    some = np.max([part.phase[places] for part in states.parts], axis=0)
    return np.where(states.on[places], 2, np.minimum(some, 1)).astype(np.int64)


def _pending(followed: Followed, place: int) -> int:
    return max(int(part.since[place]) for part in followed.states.parts)


def _part(part: Standing, place: int) -> list[Any]:
    value = float(part.value[place])
    return [
        int(part.phase[place]),
        _known(part.since[place]),
        _known(part.last[place]),
        value if np.isfinite(value) else None,
    ]


def _known(instant: Any) -> int | None:
    return None if instant == NEVER else int(instant)


def last_of(changes: Changes) -> Changes:
    """Of each server its last change."""
    if not len(changes):
        return changes
    return changes.take(np.flatnonzero(np.append(changes.server[1:] != changes.server[:-1], True)))
