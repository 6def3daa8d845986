"""The watcher's part of alerts: follows every rule over what is new, and writes what changes.

A transition, its incident, its line in the timeline and its notifications commit together with the rule's state (A2).
How far readings were looked at is saved with each transition, and else every half minute: after a restart the stretch
since then is looked at again, with the same result, because nothing but the readings decides. Readings that come late
are looked for by `rechecking`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

import numpy as np

from app.alerts import incident_queries as queries
from app.alerts import rechecking, transitions, usual_hours
from app.alerts.conditions import NEVER, NO_CHANGES, Batch, Changes, Steps, evaluate, warm
from app.alerts.conditions.batch import Bool, Int
from app.alerts.following import Followed, alone, rows_to_save
from app.alerts.rechecking import Recheck
from app.alerts.scoping import Scopes, reload
from app.alerts.telling import Happened
from app.alerts.tracing import OUT_OF_SCOPE, trace_of
from app.alerts.transitions import Decided
from app.alerts.usual_hours import Baselines
from app.core import leader
from app.core.clock import from_microseconds
from app.core.copy import Connection
from app.core.db import Database
from app.presence.beats import OUTAGE_SECONDS
from app.presence.watching import Change
from app.readings import recent
from app.readings.rows import Rows

SAVE_SECONDS = 30.0
# Saved at once, some 50 ms, so that a look at presence is never late.
SAVE_ROWS = 2_000
# Arrivals are written once a second; whoever was heard within this may have new readings.
HEARD_SECONDS = 5.0
# Everybody is looked at so often, so that a row of arrivals that came late hides no reading for long.
EVERYBODY_SECONDS = 30.0
# The leader's connection is closed when it is silent for three.
STAY_SECONDS = 1.0


@dataclass
class Watch:
    """What the leader keeps in memory; all of it can be read anew."""

    scopes: Scopes = field(default_factory=Scopes)
    recheck: Recheck = field(default_factory=Recheck)
    baselines: Baselines = field(default_factory=Baselines)
    servers: Int = field(default_factory=lambda: np.empty(0, np.int64))
    """Of all rules that read readings, ascending."""
    scope_changes: int = -1
    everybody_at: float = 0.0
    save_at: float = 0.0

    @property
    def rules(self) -> dict[int, Followed]:
        return self.scopes.rules

    @property
    def followed(self) -> int:
        """At how many servers rules are followed, each rule counted."""
        return sum(followed.size for followed in self.rules.values())

    def seen(self) -> Int:
        """Up to where readings of each server were read for every rule."""
        found = np.full(len(self.servers), np.iinfo(np.int64).max)
        for followed in self.rules.values():
            if followed.rule.quantities and not followed.failed:
                at = np.searchsorted(self.servers, followed.servers)
                found[at] = np.minimum(found[at], followed.feed)
        return found


@dataclass(frozen=True, slots=True)
class Clock:
    """Microseconds: now; until when silence counts; from when on it does."""

    now: int
    until: int
    silent_from: int


async def follow(connection: Connection, database: Database, watch: Watch, moved: list[Change]) -> list[Happened]:
    """Look at what is new, within the caller's transaction; what happened to incidents.

    `moved` are the servers that came and went since the last look.
    """
    clock = await _clock(connection)
    known = set(watch.rules)
    await reload(connection, watch.scopes, clock.now)
    await _regroup(connection, watch, clock)
    _hear_of(watch, moved, known)
    rows = await _new(connection, watch)
    watch.recheck.read(rows)
    found = await _gone_on(connection, database, watch, rows, clock)
    seen = watch.seen()
    found += await rechecking.recheck(connection, database, watch.recheck, watch.rules, seen, clock.now)
    decided = [turn for followed, changes in found for turn in _decided(followed, changes)]
    decided += [turn for followed in watch.rules.values() for turn in _ended_outside(followed, clock.now)]
    happened = await transitions.record(connection, decided)
    await _save_changed(connection, found)
    await _save(connection, watch)
    return happened


async def _clock(connection: Connection) -> Clock:
    """While ingest gives no sign of life nobody is silent, and before it worked nobody was."""
    row = await (await connection.execute(queries.CLOCK)).fetchone()
    now: int
    now, since, beat = row or (0, None, None)
    if since is None or beat is None:
        return Clock(now, NEVER, NEVER)
    return Clock(now, now if now - beat <= OUTAGE_SECONDS * 1_000_000 else beat, since)


async def _regroup(connection: Connection, watch: Watch, clock: Clock) -> None:
    """The rules or their servers are others."""
    if watch.scope_changes == watch.scopes.changes:
        return
    watch.scope_changes = watch.scopes.changes
    reading = [followed.servers for followed in watch.rules.values() if followed.rule.quantities]
    watch.servers = np.unique(np.concatenate(reading or [np.empty(0, np.int64)]))
    watch.recheck.regroup(watch.servers, watch.seen(), await recent.horizon(connection, watch.servers))
    await rechecking.find_unread(connection, watch.recheck, watch.servers, watch.seen(), clock.now)


def _hear_of(watch: Watch, moved: list[Change], known: set[int]) -> None:
    """Give steps of presence to the rules that follow it; one that was just read knows them already."""
    if not moved:
        return
    moved = sorted(moved, key=lambda change: change.server_id)
    servers = np.array([change.server_id for change in moved], np.int64)
    ts = np.array([_microseconds(change) for change in moved], np.int64)
    offline = np.array([change.status == "offline" for change in moved], np.bool_)
    for followed in watch.rules.values():
        if followed.rule.follows_presence and followed.rule_id in known:
            at, own = followed.places(servers)
            followed.steps = _joined(followed.steps, Steps(at[own], ts[own], offline[own]))


def _microseconds(change: Change) -> int:
    return round(change.at.timestamp() * 1_000_000)


def _joined(one: Steps, other: Steps) -> Steps:
    server = np.concatenate([one.server, other.server])
    ts, offline = np.concatenate([one.ts, other.ts]), np.concatenate([one.offline, other.offline])
    order = np.lexsort((ts, server))
    return Steps(server[order], ts[order], offline[order])


async def _new(connection: Connection, watch: Watch) -> Rows:
    """Readings that some rule has not seen, of those who were heard."""
    quantities = sorted({name for followed in watch.rules.values() for name in followed.rule.quantities})
    wanted = await _heard(connection, watch.servers, watch) & ~np.isin(watch.servers, list(watch.recheck.lagging))
    return await recent.since(connection, quantities, watch.servers[wanted], watch.seen()[wanted])


async def _heard(connection: Connection, servers: Int, watch: Watch) -> Bool:
    """Who may have new readings, of these (n,)."""
    if monotonic() >= watch.everybody_at:
        watch.everybody_at = monotonic() + EVERYBODY_SECONDS
        return np.ones(len(servers), np.bool_)
    row = await (await connection.execute(queries.ARRIVED, (HEARD_SECONDS,))).fetchone()
    return np.isin(servers, np.array(row[0] if row else [], np.int64))


async def _gone_on(
    connection: Connection, database: Database, watch: Watch, rows: Rows, clock: Clock
) -> list[tuple[Followed, Changes]]:
    """Every rule over the new readings; of thousands the connection that leads must not fall idle meanwhile."""
    found, said = [], monotonic()
    for followed in watch.rules.values():
        if usual_hours.ready(database, watch.baselines, followed, rows, clock.now):
            found.append((followed, _go_on(followed, rows, clock)))
        if monotonic() - said > STAY_SECONDS:
            await leader.stay(connection)
            said = monotonic()
    return found


def _go_on(followed: Followed, rows: Rows, clock: Clock) -> Changes:
    """One rule over the new readings."""
    found = NO_CHANGES
    if not followed.failed:
        with alone(followed):
            found = _judge(followed, rows, clock)
    return found


def _judge(followed: Followed, rows: Rows, clock: Clock) -> Changes:
    followed.keep(monotonic())
    batch = _batch(followed, rows, clock)
    if not len(batch.ts) and not len(batch.steps.ts) and not followed.rule.by_the_clock:
        return NO_CHANGES
    states, changes = evaluate(followed.rule, followed.states, batch)
    followed.states, followed.steps = states, Steps()
    last = np.flatnonzero(np.append(batch.server[1:] != batch.server[:-1], True)[: len(batch.ts)])
    followed.seen = _with(followed.seen, batch.server[last], batch.ts[last])
    followed.feed = np.maximum(followed.feed, followed.seen) if len(last) else followed.feed
    followed.unsaved[batch.server[last]] = True
    return changes


def _with(seen: Int, places: Int, ts: Int) -> Int:
    moved = seen.copy()
    moved[places] = ts
    return moved


def _batch(followed: Followed, rows: Rows, clock: Clock) -> Batch:
    """What is new for this rule; what a moving window needs again after a restart is given to it."""
    at, own = followed.places(rows.server)
    at, ts = at[own], rows.ts[own]
    values = {name: rows.values[name][own] for name in followed.rule.quantities if name in rows.values}
    fresh = ts > followed.seen[at]
    if not fresh.all():
        before = ~fresh & (ts > followed.feed[at])
        if before.any():
            past = {name: column[before] for name, column in values.items()}
            followed.states = warm(followed.rule, followed.states, at[before], ts[before], past)
            np.maximum.at(followed.feed, at[before], ts[before])
        at, ts = at[fresh], ts[fresh]
        values = {name: column[fresh] for name, column in values.items()}
    followed.heard = np.maximum(followed.heard, clock.silent_from)
    followed.heard[at] = clock.now
    until = np.full(followed.size, clock.until if followed.rule.by_the_clock else NEVER)
    return Batch(at, ts, values, until, followed.steps, followed.heard, followed.hourly)


def _decided(followed: Followed, changes: Changes) -> Iterator[Decided]:
    """Each change with its reason."""
    for place in range(len(changes)):
        server, at, since = (int(column[place]) for column in (changes.server, changes.ts, changes.since))
        trace = trace_of(followed.condition, int(changes.by[place]), at, since, float(changes.value[place]))
        kind: Literal["opened", "resolved"] = "opened" if changes.on[place] else "resolved"
        yield Decided(followed.rule_id, int(followed.servers[server]), kind, from_microseconds(at), trace)


def _ended_outside(followed: Followed, now: int) -> list[Decided]:
    """What is open at servers that the rule looks at no more ends."""
    left, followed.left = followed.left, []
    trace = trace_of(followed.condition, OUT_OF_SCOPE, now, NEVER, np.nan)
    return [Decided(followed.rule_id, server, "resolved", from_microseconds(now), trace) for server in left]


async def _save_changed(connection: Connection, found: list[tuple[Followed, Changes]]) -> None:
    """With a transition its state is saved."""
    await _write(connection, [(followed, np.unique(changes.server)) for followed, changes in found if len(changes)])


async def _save(connection: Connection, watch: Watch) -> None:
    """Save, every half minute and some at a time, how far readings were looked at."""
    if monotonic() < watch.save_at:
        return
    room, some = SAVE_ROWS, []
    for followed in watch.rules.values():
        places = np.flatnonzero(followed.unsaved)[:room]
        if len(places):
            some.append((followed, places))
            room -= len(places)
    await _write(connection, some)
    if room:
        watch.save_at = monotonic() + SAVE_SECONDS


async def _write(connection: Connection, some: list[tuple[Followed, Int]]) -> None:
    rows = [row for followed, places in some for row in rows_to_save(followed, places)]
    if not rows:
        return
    *columns, parts = (list(column) for column in zip(*rows, strict=True))
    await connection.execute(queries.SAVE, (*columns, [json.dumps(each) for each in parts]))
    for followed, places in some:
        followed.unsaved[places] = False
