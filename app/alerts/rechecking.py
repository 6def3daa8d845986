"""Readings that the looks at what is new cannot see: late ones, and those that were sealed unread.

Each server is gone after every ten seconds or so, a part of them at each look. A late reading, up to `LATE_SECONDS`
behind the newest of its server, makes the rule begin again from a state kept from before it: where the rule then
stands counts, and what follows from that is told; what was told stays told. What is later still changes nothing.
A server whose newest readings were sealed before they were looked at (the watcher was away, or a device sent hours at
once) is read through the query engine when it is its turn, and until then its new readings wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.alerts import history
from app.alerts.conditions import NEVER, Batch, Changes, States, Steps, evaluate
from app.alerts.conditions.batch import Int, join_changes
from app.alerts.following import LATE_SECONDS, Followed, alone, last_of
from app.alerts.tracing import LATE_READING
from app.core import leader
from app.core.copy import Connection
from app.core.db import Database
from app.readings import recent
from app.readings.engine import outline
from app.readings.rows import Rows

# Looks until every server had its turn: with two looks a second, ten seconds.
PARTS = 20
LATE = round(LATE_SECONDS * 1_000_000)
# Servers gone over again at one look, and sealed readings read at one, each by every rule: a tenth of a second a rule.
MAX_AGAIN = 200
MAX_CAUGHT_UP = 200_000
# Of a server that was away, or a watcher that was, no more than this is judged live; a backtest judges all of it.
CATCH_UP = 6 * 3_600_000_000
AHEAD = recent.AHEAD_SECONDS * 1_000_000
Found = list[tuple[Followed, Changes]]


@dataclass(frozen=True, slots=True)
class Span:
    """Of these places (k,) of a rule what lies behind `low` and not behind `high` (k,)."""

    places: Int
    low: Int
    high: Int


def _none() -> Int:
    return np.empty(0, np.int64)


@dataclass(slots=True)
class Recheck:
    """Whose turn it is, and of each server (n,) the newest reading that was read, and how many were since its last
    turn; how far it had been read at that turn, and what was not written by then (see `recent.late`).
    """

    turn: int = 0
    lagging: dict[int, int] = field(default_factory=dict)
    """Servers with sealed readings that were not looked at, and about how many."""
    servers: Int = field(default_factory=_none)
    newest: Int = field(default_factory=_none)
    count: Int = field(default_factory=_none)
    seen: Int = field(default_factory=_none)
    horizon: Int = field(default_factory=_none)

    def regroup(self, servers: Int, seen: Int, horizon: Int) -> None:
        """The servers are others; of those that stay everything is known still."""
        at = np.searchsorted(servers, self.servers)
        stays = (
            (at < len(servers)) & (servers[np.minimum(at, len(servers) - 1)] == self.servers) if len(servers) else []
        )
        known = np.flatnonzero(stays)
        fresh = (seen.copy(), np.zeros(len(servers), np.int64), seen.copy(), horizon.copy())
        for new, old in zip(fresh, (self.newest, self.count, self.seen, self.horizon), strict=True):
            new[at[known]] = old[known]
        self.servers = servers
        self.newest, self.count, self.seen, self.horizon = fresh

    def read(self, rows: Rows) -> None:
        """These rows, by server and instant, were read."""
        at = np.searchsorted(self.servers, rows.server)
        new = rows.ts > self.newest[at]
        np.add.at(self.count, at[new], 1)
        np.maximum.at(self.newest, at[new], rows.ts[new])

    def took_turn(self, part: slice, horizon: Int) -> None:
        self.seen[part], self.horizon[part], self.count[part] = self.newest[part], horizon, 0


async def find_unread(connection: Connection, state: Recheck, servers: Int, seen: Int, now: int) -> None:
    """Note which of these servers have sealed readings that were not looked at."""
    sealed = await recent.sealed_since(connection, servers, np.maximum(seen, now - CATCH_UP))
    state.lagging |= sealed


async def recheck(
    connection: Connection, database: Database, state: Recheck, rules: Mapping[int, Followed], seen: Int, now: int
) -> Found:
    """Go over one part of the servers; the changes that come of it, by rule."""
    rules = {number: followed for number, followed in rules.items() if not followed.failed}
    found = await _caught_up(connection, database, state, rules, now)
    state.turn = (state.turn + 1) % PARTS
    part = slice(state.turn, None, PARTS)
    if not len(state.servers[part]):
        return found
    horizon = await recent.horizon(connection, state.servers[part])
    await find_unread(connection, state, state.servers[part], seen[part], now)
    found += await _again(connection, database, rules, await _late(connection, state, part))
    state.took_turn(part, horizon)
    return found


async def _late(connection: Connection, state: Recheck, part: slice) -> dict[int, int]:
    """Servers with late readings, and the earliest instant that one may have."""
    servers, seen, count = state.servers[part], state.seen[part], state.count[part]
    late = {}
    found = await recent.late(connection, servers, seen - LATE, seen, state.newest[part], state.horizon[part])
    for server, earliest, there in zip(*(column.tolist() for column in found), strict=True):
        at = int(np.searchsorted(servers, server))
        if earliest >= 0 or there > count[at]:
            late[server] = earliest if earliest >= 0 else int(seen[at]) + 1
    return dict(list(late.items())[:MAX_AGAIN])


async def _caught_up(
    connection: Connection, database: Database, state: Recheck, rules: Mapping[int, Followed], now: int
) -> Found:
    """Read some of what was sealed unread."""
    some = np.array(sorted(_some(state.lagging)), np.int64)
    found: Found = []
    for followed in rules.values() if len(some) else ():
        at, own = followed.places(some)
        places = at[own]
        if len(places) and followed.rule.quantities:
            with alone(followed):
                found.append((followed, await _catch_up(database, followed, places, now)))
            await leader.stay(connection)
    return found


async def _catch_up(database: Database, followed: Followed, places: Int, now: int) -> Changes:
    low = np.maximum(followed.seen[places], now - CATCH_UP)
    span = Span(places, low, np.full(len(places), now + AHEAD))
    states, reached, changes = await _replayed(database, followed, followed.states, span)
    followed.states = followed.states.put(places, states)
    followed.seen = followed.seen.copy()
    followed.seen[places] = np.maximum(followed.seen[places], reached)
    followed.feed = np.maximum(followed.feed, followed.seen)
    followed.unsaved[places] = True
    return changes


def _some(lagging: dict[int, int]) -> list[int]:
    """Take out as many as may be read at one look, at least one."""
    taken, readings = [], 0
    while lagging and readings < MAX_CAUGHT_UP:
        server, count = lagging.popitem()
        taken.append(server)
        readings += count
    return taken


async def _again(
    connection: Connection, database: Database, rules: Mapping[int, Followed], late: Mapping[int, int]
) -> Found:
    """Begin again before the late readings of these servers; instants are those of the earliest."""
    if not late:
        return []
    servers = np.array(sorted(late))
    earliest = np.array([late[number] for number in servers.tolist()])
    found: Found = []
    for followed in rules.values():
        at, own = followed.places(servers)
        rest, since = at[own], earliest[own]
        for states, seen in reversed(followed.earlier):
            before = seen[rest] < since
            if before.any() and followed.rule.quantities and not followed.failed:
                with alone(followed):
                    changes = await _corrected(database, followed, states, seen, rest[before], since[before])
                    found.append((followed, changes))
                await leader.stay(connection)
            rest, since = rest[~before], since[~before]
    return found


async def _corrected(
    database: Database, followed: Followed, states: States, seen: Int, places: Int, late: Int
) -> Changes:
    """Where the rule stands with these servers in truth, and the changes that make it so, at or behind the instants
    of the late readings.
    """
    again, _, changes = await _replayed(database, followed, states, Span(places, seen[places], followed.seen[places]))
    other = np.flatnonzero(again.on != followed.states.on[places])
    last = last_of(changes)
    found = last.take(np.isin(last.server, places[other]))
    found = found.take(found.on == again.on[np.searchsorted(places, found.server)])
    # What never held in truth has no end of its own: it ends at the late reading.
    never = other[~again.on[other] & ~np.isin(places[other], found.server)]
    ended = Changes(
        places[never],
        late[never],
        np.zeros(len(never), np.bool_),
        followed.states.since[places[never]],
        np.full(len(never), np.nan),
        np.full(len(never), LATE_READING),
    )
    followed.states = followed.states.put(places, again)
    followed.unsaved[places] = True
    return join_changes([found, ended])


async def _replayed(database: Database, followed: Followed, states: States, span: Span) -> tuple[States, Int, Changes]:
    """The rule over a span from these states: where it then stands (k,), the newest reading of each server (k,), and
    the changes, whose servers are places of the rule.
    """
    places = span.places
    own, reached = states.take(places), span.low.copy()
    parts: list[Changes] = []

    def use(batch: Batch) -> None:
        nonlocal own
        within = _between(batch, span, followed.heard[places])
        own, changes = evaluate(followed.rule, own, within)
        np.maximum.at(reached, within.server, within.ts)
        parts.append(changes)

    clocked = followed.states.time[places] if followed.rule.by_the_clock else np.full(len(places), NEVER)
    async with database.snapshot(followed.workspace_id) as connection:
        numbers = await history.numbers(connection, followed.workspace_id)
        servers = followed.servers[places].tolist()
        low, high = int(span.low.min()) + 1, int(span.high.max()) + 1
        past = await history.prepared(
            connection, followed.rule, history.question_of(followed.rule, servers, numbers, low, high)
        )
        seen = await outline.overview(connection, past.question)
        async for _ in history.batches(connection, past, seen, use, clocked):
            pass
    found = join_changes(parts)
    return own, reached, replace(found, server=places[found.server])


def _between(batch: Batch, span: Span, heard: Int) -> Batch:
    """What lies within the span."""
    within = (batch.ts > span.low[batch.server]) & (batch.ts <= span.high[batch.server])
    values: dict[str, Any] = {name: column[within] for name, column in batch.values.items()}
    steps, known = batch.steps, batch.steps.ts > span.low[batch.steps.server]
    steps = Steps(steps.server[known], steps.ts[known], steps.offline[known])
    return replace(batch, server=batch.server[within], ts=batch.ts[within], values=values, steps=steps, heard=heard)
