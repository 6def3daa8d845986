"""Incidents as rules make them: opened, begun again, ended; many at once, for a fleet falls silent at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, LiteralString

from psycopg.types.json import Jsonb

from app.alerts import telling
from app.alerts.telling import Happened
from app.core import clock
from app.core.copy import Connection
from app.core.identifiers import new_ulid

# Whoever deletes or changes one of these has done so before, or does it after: else an incident could come to a rule
# that is just switched off, or to a server that is gone when it is written.
_HOLD_RULES: LiteralString = "SELECT FROM rule WHERE rule_id = ANY(%s) ORDER BY rule_id FOR KEY SHARE"
_HOLD_SERVERS: LiteralString = "SELECT FROM server WHERE server_id = ANY(%s) ORDER BY server_id FOR KEY SHARE"
# The columns of `Happened`, but for the line and its time.
_TOLD: LiteralString = """incident_id, incident_ulid, workspace_id, rule_id, rule_ulid, rule_name, server_ulid,
    server_name, severity, state, reopened"""
_DAMPING: LiteralString = "(SELECT rule_id, reopen_seconds FROM rule) AS damping"
# An incident that a rule ended shortly before begins again; one that a person ended does not. Who acknowledged it
# looks after it still.
_OPEN: LiteralString = f"""
    WITH came AS MATERIALIZED (
        SELECT decided.*, rule.workspace_id, rule_ulid, rule.name AS rule_name, severity, reopen_seconds,
               server_ulid, server.name AS server_name, before.incident_id AS before_id,
               coalesce(before.state = 'resolved' AND before.resolved_by IS NULL AND reopen_seconds > 0
                        AND before.resolved_at >= at - make_interval(secs => reopen_seconds), false) AS again
        FROM unnest(%(rules)s::int[], %(servers)s::int[], %(ulids)s::text[], %(ats)s::timestamptz[],
                    %(traces)s::jsonb[]) AS decided (rule_id, server_id, ulid, at, trace)
        JOIN rule USING (rule_id) JOIN server USING (server_id)
        LEFT JOIN LATERAL (
            SELECT incident_id, state, resolved_at, resolved_by FROM incident
            WHERE incident.rule_id = rule.rule_id AND incident.server_id = server.server_id
            ORDER BY incident_id DESC LIMIT 1
        ) AS before ON true
        WHERE rule.enabled
    ),
    again AS (
        UPDATE incident SET state = CASE WHEN acknowledged_at IS NULL THEN 'open' ELSE 'acknowledged' END,
               resolved_at = NULL, reopened = reopened + 1
        FROM came WHERE incident_id = before_id AND again AND state = 'resolved'
        RETURNING incident.*
    ),
    fresh AS (
        INSERT INTO incident (incident_ulid, workspace_id, rule_id, server_id, rule_ulid, rule_name, server_ulid,
                              server_name, severity, state, opened_at, trace)
        SELECT ulid, workspace_id, rule_id, server_id, rule_ulid, rule_name, server_ulid, server_name, severity,
               'open', at, trace
        FROM came WHERE NOT again
        ON CONFLICT (rule_id, server_id) WHERE state <> 'resolved' DO NOTHING
        RETURNING incident.*
    ),
    changed AS (SELECT 'opened' AS event, * FROM fresh UNION ALL SELECT 'reopened', * FROM again)
    SELECT event, {_TOLD}, reopen_seconds, server_id FROM changed JOIN {_DAMPING} USING (rule_id)
"""  # noqa: S608 - of constants
_RESOLVE: LiteralString = f"""
    WITH ended AS (
        UPDATE incident SET state = 'resolved', resolved_at = greatest(opened_at, at), resolved_by = NULL
        FROM unnest(%(rules)s::int[], %(servers)s::int[], %(ats)s::timestamptz[]) AS decided (rule_id, server_id, at)
        WHERE incident.rule_id = decided.rule_id AND incident.server_id = decided.server_id AND state <> 'resolved'
        RETURNING incident.*
    )
    SELECT 'resolved', {_TOLD}, reopen_seconds, server_id FROM ended JOIN {_DAMPING} USING (rule_id)
"""  # noqa: S608 - of constants
_ADD_LINES: LiteralString = """
    INSERT INTO incident_event (incident_id, event, trace)
    SELECT * FROM unnest(%s::int8[], %s::text[], %s::jsonb[])
    RETURNING incident_id, event_id
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule that fired or ended at a server, at an instant of its readings; `trace` says why."""

    rule_id: int
    server_id: int
    kind: Literal["opened", "resolved"]
    at: datetime
    trace: dict[str, Any]


async def record(connection: Connection, decided: Iterable[Decided]) -> list[Happened]:
    """Write down what rules decided, in its order, and queue what is to be told, within the caller's transaction.

    What changes nothing leaves nothing: an end of what a person has ended, a rule that was just switched off.
    """
    rounds, happened = _rounds(decided), list[Happened]()
    if rounds:
        # The first holds every rule and server.
        await connection.execute(_HOLD_RULES, (sorted({each.rule_id for each in rounds[0]}),))
        await connection.execute(_HOLD_SERVERS, (sorted({each.server_id for each in rounds[0]}),))
    for batch in rounds:
        changes = await _change(connection, batch)
        if changes:
            await telling.queue(connection, changes)
            happened += changes
    return happened


def _rounds(decided: Iterable[Decided]) -> list[list[Decided]]:
    """In each every rule and server at most once, so that one statement may do it."""
    rounds: list[list[Decided]] = []
    turn: dict[tuple[int, int], int] = {}
    for each in decided:
        number = turn.get((each.rule_id, each.server_id), 0)
        turn[each.rule_id, each.server_id] = number + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(each)
    return rounds


async def _change(connection: Connection, batch: Sequence[Decided]) -> list[Happened]:
    """The incidents that changed, each with its line in the timeline."""
    traces: dict[tuple[int | None, int], dict[str, Any]] = {}
    for each in batch:
        traces[each.rule_id, each.server_id] = {**each.trace, "at": clock.format_instant(each.at)}
    rows: list[tuple[Any, ...]] = []
    for kind, statement in (("opened", _OPEN), ("resolved", _RESOLVE)):
        chosen = [each for each in batch if each.kind == kind]
        if chosen:
            rows += await (await connection.execute(statement, _columns(chosen, traces))).fetchall()
    changes = [Happened(*row[:-1]) for row in rows]
    why = [traces[change.rule_id, row[-1]] for change, row in zip(changes, rows, strict=True)]
    return await _add_lines(connection, changes, why)


def _columns(batch: Sequence[Decided], traces: dict[tuple[int | None, int], dict[str, Any]]) -> dict[str, list[Any]]:
    return {
        "rules": [each.rule_id for each in batch],
        "servers": [each.server_id for each in batch],
        "ulids": [new_ulid() for _ in batch],
        "ats": [each.at for each in batch],
        "traces": [Jsonb(traces[each.rule_id, each.server_id]) for each in batch],
    }


async def _add_lines(
    connection: Connection, changes: Sequence[Happened], why: Sequence[dict[str, Any]]
) -> list[Happened]:
    if not changes:
        return []
    incidents, events = [change.incident_id for change in changes], [change.event for change in changes]
    values = (incidents, events, [Jsonb(trace) for trace in why])
    lines = dict(await (await connection.execute(_ADD_LINES, values)).fetchall())
    return [
        replace(change, event_id=lines[change.incident_id], at=trace["at"])
        for change, trace in zip(changes, why, strict=True)
    ]
