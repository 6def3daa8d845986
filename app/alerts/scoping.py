"""Keeping up with the rules: made, changed and deleted ones, and the servers that come into their scope and leave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
import structlog

from app.alerts import history
from app.alerts import incident_queries as queries
from app.alerts.conditions import NEVER, Steps
from app.alerts.conditions.batch import Int
from app.alerts.following import Followed, opened, restore
from app.core.copy import Connection

log = structlog.get_logger()

# A new rule, or a changed one, counts within so many seconds.
RELOAD_SECONDS = 2.0


@dataclass(slots=True)
class Scopes:
    """The enabled rules, and what tells whether they are still as they were read."""

    rules: dict[int, Followed] = field(default_factory=dict)
    rows: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    servers: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    reload_at: float = 0.0
    changes: int = 0
    """Counts what changed of the rules or their scopes."""


async def reload(connection: Connection, scopes: Scopes, now: int) -> None:
    """Read rules and scopes anew where they changed. A changed rule begins anew, as its row says."""
    if monotonic() < scopes.reload_at:
        return
    first = scopes.reload_at == 0.0
    scopes.reload_at = monotonic() + RELOAD_SECONDS
    rows = {row[0]: row for row in await (await connection.execute(queries.RULES)).fetchall()}
    servers = await _servers_changed(connection, {row[1] for row in rows.values()})
    for rule_id in scopes.rules.keys() - rows.keys():
        del scopes.rules[rule_id]
        scopes.changes += 1
    for rule_id, row in rows.items():
        if scopes.rows.get(rule_id) != row:
            scopes.rules.pop(rule_id, None)
            if (followed := await _opened(connection, row, saved=first)) is not None:
                scopes.rules[rule_id] = followed
            scopes.changes += 1
        elif rule_id in scopes.rules and servers.get(row[1]) != scopes.servers.get(row[1]):
            await _rescope(connection, scopes, row, now)
    scopes.rows, scopes.servers = rows, servers


async def _servers_changed(connection: Connection, workspaces: set[int]) -> dict[int, tuple[Any, ...]]:
    rows = await (await connection.execute(queries.SERVERS_CHANGED, (list(workspaces),))).fetchall()
    return {workspace: (count, written) for workspace, count, written in rows}


async def _opened(connection: Connection, row: Sequence[Any], *, saved: bool) -> Followed | None:
    """None: it says something that this version does not understand, and stops no other rule."""
    try:
        followed = opened(row, await _in_scope(connection, row))
    except (KeyError, TypeError, ValueError):
        log.exception("rule_not_understood", rule=row[0])
        return None
    if saved:
        rows = await (await connection.execute(queries.STATES, {"rule": followed.rule_id, "server": None})).fetchall()
        if rows:
            restore(followed, rows)
    await _begin(connection, followed)
    return followed


async def _rescope(connection: Connection, scopes: Scopes, row: Sequence[Any], now: int) -> None:
    followed = scopes.rules[row[0]]
    servers = await _in_scope(connection, row)
    if not np.array_equal(servers, followed.servers):
        followed.rescoped(servers, now)
        await _begin(connection, followed)
        scopes.changes += 1


async def _in_scope(connection: Connection, row: Sequence[Any]) -> Int:
    _, workspace, _, _, _, ulids, tag_name, tag_value = row
    wanted = {"workspace": workspace, "server_ulids": ulids, "tag_name": tag_name, "tag_value": tag_value}
    found = await (await connection.execute(queries.IN_SCOPE, wanted)).fetchall()
    return np.array([number for number, _, _ in found], np.int64)


async def _begin(connection: Connection, followed: Followed) -> None:
    """What is not in the readings to come: how servers stand, who may fall silent, what is open elsewhere."""
    values = {"rule": followed.rule_id, "servers": followed.servers.tolist()}
    followed.left = [row[0] for row in await (await connection.execute(queries.LEFT, values)).fetchall()]
    await connection.execute(queries.END_ORPHANS, (followed.rule_id,))
    if any(part.kind == "nodata" for part in followed.rule.parts):
        rows = await (await connection.execute(queries.LAST_ARRIVALS, (followed.servers.tolist(),))).fetchall()
        _heard_before(followed, dict(rows))
    if followed.rule.follows_presence:
        followed.steps = await _presence(connection, followed)
    numbers = await history.numbers(connection, followed.workspace_id)
    await history.expect(connection, followed.rule, followed.states, followed.servers, numbers)


def _heard_before(followed: Followed, arrivals: dict[int, int]) -> None:
    """What a watcher of before heard: of a quantity it cannot be known, of the server it can."""
    known = np.array([arrivals.get(number, NEVER) for number in followed.servers.tolist()], np.int64)
    followed.heard = np.where(followed.heard == NEVER, known, followed.heard)


async def _presence(connection: Connection, followed: Followed) -> Steps:
    if not followed.size:
        return Steps()
    steps = await history.presence_since(connection, followed.servers, int(followed.seen.min()))
    return Steps(steps.server, np.maximum(steps.ts, followed.seen[steps.server]), steps.offline)
