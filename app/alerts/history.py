"""What a rule would have seen: readings, presence and hourly values of the past, in batches for the one function."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import LiteralString, TypeVar

import numpy as np
from psycopg import sql

from app.alerts.conditions import NEVER, PENDING, Batch, HourlyValues, Rule, States, Steps
from app.alerts.conditions.batch import Bool, Int
from app.core.clock import from_microseconds
from app.core.copy import Connection
from app.core.nature import is_spread
from app.readings import spread_queries
from app.readings.engine import answer, outline
from app.readings.engine.decoding import ServerRows
from app.readings.engine.loading import load
from app.readings.engine.outline import Overview
from app.readings.engine.question import Question
from app.readings.quantities import ID_OF_NAME, NAMES
from app.readings.segments import HOUR

T = TypeVar("T")

# As it was known: from arrivals.
_PRESENCE: LiteralString = """
    SELECT server_id, (extract(epoch FROM started_at) * 1000000)::int8, status = 'offline'
    FROM presence_interval
    WHERE server_id = ANY(%s) AND started_at < %s AND coalesce(ended_at, 'infinity') > %s
    ORDER BY server_id, started_at
"""


_QUANTITIES: LiteralString = "SELECT name, quantity_id FROM quantity WHERE workspace_id = %s"
# The year 9999.
LATEST = 253_370_764_800_000_000
_NONE = np.empty(0, np.int64)
NOTHING = HourlyValues(_NONE, _NONE, np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True)
class Past:
    """A rule over servers and a range, and what is small enough to be known in advance."""

    rule: Rule
    question: Question
    steps: Steps
    hourly: Mapping[str, HourlyValues]

    @property
    def size(self) -> int:
        return len(self.question.servers)


def question_of(rule: Rule, servers: Sequence[int], numbers: Mapping[str, int], start: int, end: int) -> Question:
    """What the engine is asked for: these servers, ascending, from `start` until before `end`, microseconds."""
    wanted = {name: numbers[name] for name in rule.quantities if name in numbers}
    own = np.array(servers, np.int64)
    return Question(own, np.arange(len(own)), [None] * len(own), "server_ulid", wanted, tuple(wanted), start, end)


async def prepared(connection: Connection, rule: Rule, question: Question) -> Past:
    """Read what is known in advance, in the caller's snapshot."""
    steps = await presence(connection, question) if rule.follows_presence else Steps()
    hourly = {name: await hourly_values(connection, question, name, days) for name, days in rule.days.items()}
    return Past(rule, question, steps, hourly)


async def numbers(connection: Connection, workspace_id: int) -> dict[str, int]:
    """The numbers of the workspace's quantities."""
    custom = await (await connection.execute(_QUANTITIES, (workspace_id,))).fetchall()
    return ID_OF_NAME | dict(custom)


async def presence(connection: Connection, question: Question) -> Steps:
    """When the servers went offline and came back within the range; how they stood at its beginning is a step there."""
    return await presence_since(connection, question.servers, question.start, question.end)


async def presence_since(connection: Connection, servers: Int, start: int, end: int = LATEST) -> Steps:
    """Likewise, of servers by number, ascending."""
    low, high = from_microseconds(start), from_microseconds(min(end, LATEST))
    rows = await (await connection.execute(_PRESENCE, (servers.tolist(), high, low))).fetchall()
    server = np.array([row[0] for row in rows], np.int64)
    ts = np.array([row[1] for row in rows], np.int64)
    offline = np.array([row[2] for row in rows], np.bool_)
    return Steps(np.searchsorted(servers, server), np.maximum(ts, start), offline)


async def expect(connection: Connection, rule: Rule, states: States, servers: Int, numbers: Mapping[str, int]) -> None:
    """Of states that begin: whoever had sent a quantity before is silent from then on, until the next reading."""
    for part, standing in zip(rule.parts, states.parts, strict=True):
        if part.kind == "nodata" and part.quantity is not None and part.quantity in numbers:
            known = await sent(connection, servers, part.quantity, numbers[part.quantity], states.time)
            new = known & (standing.since == NEVER)
            standing.since[new], standing.phase[new] = states.time[new], PENDING


async def sent(connection: Connection, servers: Int, quantity: str, number: int, before: Int) -> Bool:
    """Which of these servers had sent the quantity before these instants (s,)."""
    values = {"servers": servers.tolist(), "before": before.tolist(), "number": number}
    present = _present(quantity)
    statement = spread_queries.has_sent(present) if is_spread(connection) else _sent(present)
    rows = await (await connection.execute(statement, values)).fetchall()
    return np.isin(servers, np.array([row[0] for row in rows], np.int64))


def _present(quantity: str) -> sql.Composed:
    if quantity in NAMES:
        return sql.SQL("{} IS NOT NULL").format(sql.Identifier(quantity))
    return sql.SQL("extra ? {}").format(quantity)


def _sent(present: sql.Composed) -> sql.Composed:
    return sql.SQL("""
        SELECT server_id FROM unnest(%(servers)s::int[], %(before)s::int8[]) AS wanted (server_id, before)
        WHERE EXISTS (SELECT FROM segment_column AS stored
                      WHERE stored.server_id = wanted.server_id AND quantity_id = %(number)s
                            AND hour < floor(before / 3600000000.0))
           OR EXISTS (SELECT FROM reading WHERE reading.server_id = wanted.server_id AND {present}
                      AND ts < 'epoch'::timestamptz + before * interval '1 microsecond')
    """).format(present=present)


async def hourly_values(connection: Connection, question: Question, name: str, days: int) -> HourlyValues:
    """Mean and variance of every hour of the range and of `days` before it."""
    start = question.start // HOUR - (days * 24 + 2)
    asked = replace(question, start=start * HOUR, interval="1h")
    return await _of_intervals(connection, asked, name, None)


async def values_of_hours(connection: Connection, question: Question, name: str, hours: Sequence[int]) -> HourlyValues:
    """Of these hours alone, hours since 1970."""
    found: HourlyValues | None = None
    for hour in hours:
        asked = replace(question, start=hour * HOUR, end=(hour + 1) * HOUR)
        found = joined(found, await _of_intervals(connection, asked, name, hour))
    return found or NOTHING


def joined(one: HourlyValues | None, other: HourlyValues) -> HourlyValues:
    """Both, each hour of a server once."""
    if one is None:
        return other
    server, hour = np.concatenate([one.server, other.server]), np.concatenate([one.hour, other.hour])
    mean, variance = np.concatenate([one.mean, other.mean]), np.concatenate([one.variance, other.variance])
    order = np.lexsort((hour, server))
    server, hour = server[order], hour[order]
    once = np.append(True, (server[1:] != server[:-1]) | (hour[1:] != hour[:-1]))[: len(server)]
    return HourlyValues(server[once], hour[once], mean[order][once], variance[order][once])


async def _of_intervals(connection: Connection, question: Question, name: str, hour: int | None) -> HourlyValues:
    """The engine's answer by interval, or for one whole hour; its group is a server's place."""
    number = {name: question.quantities[name]}
    asked = replace(question, shown=(name,), quantities=number, functions=("mean", "stddev", "count"))
    seen = await outline.overview(connection, asked)
    parts = []
    async with aclosing(answer.pieces(connection, asked, seen)) as pieces:
        async for piece in pieces:
            columns = [piece.values[f"{name}_{of}"] for of in asked.functions]
            hours = piece.ts // HOUR if hour is None else np.full(len(piece), hour)
            parts.append((piece.label, hours, *columns))
    if not parts:
        return NOTHING
    label, hours, mean, deviation, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    # The engine's is of the sample, and of one reading there is none.
    variance = np.where(count > 1, deviation**2 * (count - 1) / np.maximum(count, 1), 0.0)
    order = np.lexsort((hours, label))
    return HourlyValues(label[order], hours[order], mean[order], variance[order])


async def batches(
    connection: Connection, past: Past, seen: Overview, use: Callable[[Batch], T], until: Int | None = None
) -> AsyncGenerator[tuple[T, float]]:
    """What `use` makes, in a thread, of each batch, in each server's order; and the share of time that is behind.

    The last batch has no readings: it says that time has passed until the end of the range, or `until` (s,).
    """
    question, silent = past.question, _Steps(past.steps, past.size)
    span = max(1, (seen.high or 0) - (seen.low or 0))
    if not question.quantities:
        seen = replace(seen, low=None)
    async for low, high, hours in outline.windows(connection, question, seen, outline.WINDOW_HOURS):
        loaded = load(
            connection, question, outline.blocks(hours), lambda rows: use(_batch(past, rows, silent)), low, high
        )
        async with aclosing(loaded) as results:
            async for result in results:
                yield result, (high - (seen.low or 0)) / span
    end = np.full(past.size, question.end - 1) if until is None else until
    none = np.empty(0, np.int64)
    yield use(Batch(none, none, {}, end, silent.until(end), hourly=past.hourly)), 1.0


def _batch(past: Past, servers: list[ServerRows], silent: "_Steps") -> Batch:
    """The rows of a block; for its servers time has passed until their last reading."""
    places = np.searchsorted(past.question.servers, [rows.server for rows in servers])
    until = np.full(past.size, NEVER)
    until[places] = [int(rows.ts[-1]) for rows in servers]
    server = np.repeat(places, [len(rows.ts) for rows in servers])
    ts = np.concatenate([rows.ts for rows in servers] or [np.empty(0, np.int64)])
    values = {
        name: np.concatenate([rows.column(name) for rows in servers] or [np.empty(0)])
        for name in past.question.quantities
    }
    return Batch(server, ts, values, until, silent.until(until), hourly=past.hourly)


class _Steps:
    """Steps of presence, given out as time passes."""

    def __init__(self, steps: Steps, size: int) -> None:
        self._steps = steps
        self._given = np.full(size, NEVER)

    def until(self, until: Int) -> Steps:
        """Those since the last time, up to these instants (s,)."""
        steps, before = self._steps, self._given[self._steps.server]
        now = (steps.ts > before) & (steps.ts <= until[steps.server])
        self._given = np.maximum(self._given, until)
        return Steps(steps.server[now], steps.ts[now], steps.offline[now])
