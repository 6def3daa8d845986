"""The watcher's part of alerts: follows every rule over what is new, and writes what changes.

A transition, its incident, its line in the timeline and its notifications commit together with the rule's state (A2).
How far readings were looked at is saved with each change, and else every half minute: after a restart the stretch since
then is looked at again, with the same result, because nothing but the readings decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from time import monotonic
from typing import Any

import numpy as np

from app.alerts import incident_queries as queries
from app.alerts import transitions
from app.alerts.conditions import State, Threshold, Transition, evaluate
from app.alerts.telling import Happened
from app.alerts.transitions import Decided
from app.core import clock
from app.core.copy import Connection
from app.readings import recent

# A new rule, or a changed one, counts within so many seconds.
RELOAD_SECONDS = 2.0
SAVE_SECONDS = 30.0
# Arrivals are written once a second; whoever was heard within this may have new readings.
HEARD_SECONDS = 5.0
# Everybody is looked at so often, so that a row of arrivals that came late hides no reading for long.
EVERYBODY_SECONDS = 30.0
OFFLINE = "offline"
Key = tuple[int, int]
"""A rule and a server, by number."""


@dataclass(slots=True)
class Followed:
    """A rule at a server: where it stands, and up to which instant readings were looked at."""

    state: State
    seen: int


@dataclass
class Watch:
    """What the leader keeps in memory; all of it can be read anew."""

    rules: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    followed: dict[Key, Followed] = field(default_factory=dict)
    unsaved: set[Key] = field(default_factory=set)
    decided: list[Decided] = field(default_factory=list)
    """What this look has found, in its order."""
    reload_at: float = 0.0
    save_at: float = 0.0
    everybody_at: float = 0.0


def threshold(condition: Mapping[str, Any]) -> Threshold:
    """A stored condition as the one function takes it; to be offline is to stand above one half of 0 and 1."""
    hold = round(condition["hold_seconds"] * 1_000_000)
    if condition["kind"] == OFFLINE:
        return Threshold(0.5, above=True, clear=0.5, hold=hold)
    above = condition["above"] is not None
    level = condition["above"] if above else condition["below"]
    clear = condition["clear"] if condition["clear"] is not None else level
    return Threshold(level, above, clear, hold)


async def follow(connection: Connection, watch: Watch) -> list[Happened]:
    """Look at what is new, within the caller's transaction; what happened to incidents."""
    await _reload(connection, watch)
    heard = await _heard(connection, watch)
    for rule_id, condition in watch.rules.items():
        servers = [server for rule, server in watch.followed if rule == rule_id]
        for server_id, samples in await _new(connection, watch, rule_id, condition, servers, heard):
            _go_on(watch, (rule_id, server_id), condition, samples)
    decided, watch.decided = watch.decided, []
    await _save(connection, watch)
    return await transitions.record(connection, decided)


async def _reload(connection: Connection, watch: Watch) -> None:
    """Read the rules anew. Each change of a state was stored with it; how far was looked, memory knows better."""
    if monotonic() < watch.reload_at:
        return
    watch.reload_at = monotonic() + RELOAD_SECONDS
    rows = await (await connection.execute(queries.FOLLOWED)).fetchall()
    watch.rules = {rule: condition for rule, condition, *_ in rows}
    before = watch.followed
    watch.followed = {
        (rule, server): Followed(State(phase or "ok", since), max(seen, _seen(before, (rule, server))))
        for rule, _, server, phase, since, seen in rows
    }
    watch.unsaved &= watch.followed.keys()


def _seen(followed: Mapping[Key, Followed], key: Key) -> int:
    return followed[key].seen if key in followed else 0


async def _heard(connection: Connection, watch: Watch) -> set[int] | None:
    """Who may have new readings; None: everybody."""
    if monotonic() >= watch.everybody_at:
        watch.everybody_at = monotonic() + EVERYBODY_SECONDS
        return None
    rows = await (await connection.execute(queries.ARRIVED, (HEARD_SECONDS,))).fetchall()
    return {row[0] for row in rows}


async def _new(
    connection: Connection,
    watch: Watch,
    rule_id: int,
    condition: Mapping[str, Any],
    servers: list[int],
    heard: set[int] | None,
) -> Iterable[tuple[int, list[tuple[int, float]]]]:
    """By server, instants and values that the rule has not seen."""
    if condition["kind"] == OFFLINE:
        rows = await (await connection.execute(queries.PRESENCE, (servers,))).fetchall()
        return [(server, _steps(began, status == "offline", now)) for server, began, status, now in rows]
    wanted = [server for server in servers if heard is None or server in heard]
    after = [watch.followed[rule_id, server].seen for server in wanted]
    found = await recent.since(connection, condition["quantity"], wanted, after) if wanted else []
    return [(server, [(at, value) for _, at, value in rows]) for server, rows in groupby(found, key=lambda row: row[0])]


def _steps(began: int, offline: bool, now: int) -> list[tuple[int, float]]:
    """Presence as readings: it has stood so since it began, and still does."""
    value = float(offline)
    return [(began, value), (max(now, began + 1), value)]


def _go_on(watch: Watch, key: Key, condition: Mapping[str, Any], samples: list[tuple[int, float]]) -> None:
    followed = watch.followed[key]
    instants = np.array([at for at, _ in samples], dtype=np.int64)
    values = np.array([value for _, value in samples], dtype=np.float64)
    state, found = evaluate(threshold(condition), followed.state, instants, values)
    watch.decided += [
        Decided(*key, transition.kind, clock.from_microseconds(transition.at), explain(condition, transition))
        for transition in found
    ]
    if state != followed.state or found:
        watch.save_at = 0.0
    watch.followed[key] = Followed(state, samples[-1][0])
    if condition["kind"] != OFFLINE or state != followed.state:
        watch.unsaved.add(key)


def explain(condition: Mapping[str, Any], transition: Transition) -> dict[str, Any]:
    """Why: the condition, the value that decided, since when it stood beyond the level and for how long."""
    held = (transition.at - transition.since) / 1_000_000
    found: dict[str, Any] = {
        "condition": dict(condition),
        "since": clock.format_microseconds(transition.since),
        "held_seconds": held,
    }
    return found if condition["kind"] == OFFLINE else {**found, "value": transition.value}


async def _save(connection: Connection, watch: Watch) -> None:
    if not watch.unsaved or monotonic() < watch.save_at:
        return
    watch.save_at = monotonic() + SAVE_SECONDS
    keys = sorted(watch.unsaved)
    stood = [watch.followed[key] for key in keys]
    columns = (
        [rule for rule, _ in keys],
        [server for _, server in keys],
        [each.state.phase for each in stood],
        [each.state.since for each in stood],
        [each.seen for each in stood],
    )
    await connection.execute(queries.SAVE, columns)
    watch.unsaved.clear()
