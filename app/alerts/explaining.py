"""Why a rule fires at a server, or why it does not: where each condition stands, by which value, for how long.

The watcher saves that with each transition, and else every half minute; what came since is judged here, by the same
function.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.alerts import history, ruling
from app.alerts import incident_queries as queries
from app.alerts.conditions import NEVER, PHASES, Batch, Standing, States, evaluate, warm
from app.alerts.conditions.rules import Simple
from app.alerts.errors import NotInScope
from app.alerts.explain_schemas import Explained
from app.alerts.following import Followed, opened, restore
from app.alerts.tables import Rule
from app.core import clock
from app.core.copy import Connection
from app.core.db import Database
from app.readings.engine import outline
from app.servers import service as servers
from app.servers.tables import Server

SECOND = 1_000_000
# Of a rule that does not run the last hour is judged.
DRY = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Found:
    """A rule at one server, at this instant (microseconds)."""

    rule: Rule
    server: Server
    followed: Followed
    at: int
    incident: str | None


async def explain(database: Database, workspace_id: int, rule_ulid: str, server_ulid: str) -> Explained:
    """Where the rule stands with the server. Raises: NoSuchRule, NoSuchServer, NotInScope."""
    async with database.read(workspace_id) as session:
        rule = await ruling.find(session, workspace_id, rule_ulid)
        server = await servers.find(session, workspace_id, server_ulid)
    async with database.snapshot(workspace_id) as connection:
        await _check_scope(connection, workspace_id, rule, server)
        at = clock.to_microseconds(clock.now())
        followed = await _restored(connection, rule, server, at)
        await _go_on(connection, followed, at)
        incident = await _open_incident(connection, rule, server)
    return _explained(Found(rule, server, followed, at, incident))


async def _check_scope(connection: Connection, workspace_id: int, rule: Rule, server: Server) -> None:
    ulid = server.server_ulid
    named = rule.server_ulids is None or ulid in rule.server_ulids
    scope = {"server_ulids": [ulid] if named else [], "tag_name": rule.tag_name, "tag_value": rule.tag_value}
    found = await connection.execute(queries.IN_SCOPE, {"workspace": workspace_id, **scope})
    if await found.fetchone() is None:
        raise NotInScope("This rule does not look at the server {server!r}.", server=ulid)


async def _restored(connection: Connection, rule: Rule, server: Server, at: int) -> Followed:
    began = clock.to_microseconds(rule.judged_from) if rule.enabled else at - DRY
    row = (rule.rule_id, rule.workspace_id, rule.condition, rule.schedule, began)
    followed = opened(row, np.array([server.server_id]))
    wanted = {"rule": rule.rule_id, "server": server.server_id}
    saved = await (await connection.execute(queries.STATES, wanted)).fetchall()
    if saved:
        restore(followed, saved)
    return followed


async def _go_on(connection: Connection, followed: Followed, at: int) -> None:
    """Judge what came since; the passing of time alone is the watcher's to judge."""
    numbers = await history.numbers(connection, followed.workspace_id)
    seen = int(followed.seen[0])
    start = max(seen, at - DRY * 24) - followed.rule.window + 1
    question = history.question_of(followed.rule, followed.servers.tolist(), numbers, start, max(at, start + 1))
    past = await history.prepared(connection, followed.rule, question)

    def judge(batch: Batch) -> None:
        old = batch.ts <= seen
        if old.any():
            known = {name: column[old] for name, column in batch.values.items()}
            followed.states = warm(followed.rule, followed.states, batch.server[old], batch.ts[old], known)
        values = {name: column[~old] for name, column in batch.values.items()}
        new = replace(batch, server=batch.server[~old], ts=batch.ts[~old], values=values)
        followed.states, _ = evaluate(followed.rule, followed.states, new)

    overview = await outline.overview(connection, question)
    async for _ in history.batches(connection, past, overview, judge, np.full(1, NEVER)):
        pass


async def _open_incident(connection: Connection, rule: Rule, server: Server) -> str | None:
    values = (rule.rule_id, server.server_id)
    row = await (await connection.execute(queries.UNRESOLVED, values)).fetchone()
    return None if row is None else str(row[0])


def _explained(found: Found) -> Explained:
    rule, states, condition = found.followed.rule, found.followed.states, found.rule.condition
    listed = condition.get("conditions", [condition])
    parts = [
        _part(simple, standing, each, found.at)
        for simple, standing, each in zip(rule.parts, states.parts, listed, strict=True)
    ]
    return Explained.model_validate(
        {
            "rule_id": found.rule.rule_ulid,
            "server_ulid": found.server.server_ulid,
            "server_name": found.server.name,
            "enabled": found.rule.enabled,
            "at": clock.from_microseconds(found.at),
            "state": _state(states, parts),
            "since": _instant(states.since[0]) if states.on[0] else None,
            "incident_id": found.incident,
            "schedule": _schedule(found),
            "conditions": parts,
        }
    )


def _part(simple: Simple, standing: Standing, condition: Mapping[str, Any], at: int) -> dict[str, Any]:
    phase = PHASES[int(standing.phase[0])]
    last, since, value = int(standing.last[0]), int(standing.since[0]), float(standing.value[0])
    silent = simple.gap > 0 and (last == NEVER or at - last > simple.gap)
    if simple.kind == "nodata":
        state = "nodata" if phase == "firing" or last == since == NEVER else "ok"
    else:
        state = "nodata" if silent and phase != "firing" else phase
    shows = simple.kind != "nodata" and np.isfinite(value)
    # A hold passes as readings do, a silence by the clock.
    until = last if simple.gap else at
    held = (until - since) / SECOND if since != NEVER and state != "ok" else None
    return {
        "condition": condition,
        "state": state,
        "holds": phase == "firing",
        "value": value if shows else None,
        "last_reading": _instant(last),
        "since": _instant(since) if state != "ok" else None,
        "held_seconds": held,
        "needed_seconds": simple.wait / SECOND,
    }


def _state(states: States, parts: list[dict[str, Any]]) -> str:
    """Of the whole: it fires, or waits for a hold or the schedule, or nothing is known, or all is well."""
    if states.on[0]:
        return "firing"
    if any(part["holds"] or part["state"] == "pending" for part in parts):
        return "pending"
    return "nodata" if all(part["state"] == "nodata" for part in parts) else "ok"


def _schedule(found: Found) -> dict[str, Any] | None:
    schedule = found.followed.rule.schedule
    if schedule is None:
        return None
    active = schedule.holds(found.at)
    begins = None if active else schedule.next_begin(found.at)
    return {"active": active, "begins": None if begins is None else _instant(begins)}


def _instant(instant: int) -> Any:
    return None if instant == NEVER else clock.from_microseconds(int(instant))
