"""Backtests: how often a rule would have fired over a range of the past, and how its levels should be."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from app.alerts import history, suggesting
from app.alerts import incident_queries as queries
from app.alerts.backtest_schemas import BacktestReport, BacktestRequest
from app.alerts.conditions import Rule, States, compiled
from app.alerts.suggesting import Sketch
from app.alerts.tallying import DAY, Incident, Silences, Tally
from app.core import clock
from app.core.copy import Connection
from app.readings.engine import outline

SECOND = 1_000_000
WEEK = 7 * DAY
PERIODS = {"day": DAY, "week": WEEK, "month": 30 * DAY}
LISTED_SERVERS = 100
# Microseconds of each, measured on two cores.
_PAYLOAD, _VALUE, _JUDGED, _HOT_ROW = 20.0, 0.012, 0.04, 1.5
# A silence that breaks nothing in the rule itself counts from here on.
GAP = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Order:
    """A backtest whose rule, servers and range are known; instants are microseconds, `[start, end)`."""

    request: BacktestRequest
    condition: Mapping[str, Any]
    rule: Rule
    servers: Sequence[tuple[int, str, str]]
    """Number, ULID and name, by number."""
    numbers: Mapping[str, int]
    """Of quantities."""
    start: int
    end: int


async def order(
    connection: Connection, workspace_id: int, request: BacktestRequest, judged: Mapping[str, Any]
) -> Order:
    """What a rule (as its table keeps it) reads, in the caller's snapshot."""
    rows = await (await connection.execute(queries.IN_SCOPE, {"workspace": workspace_id, **judged})).fetchall()
    now = clock.to_microseconds(clock.now())
    asked = now if request.end_time is None else clock.to_microseconds(request.end_time) + 1
    start = clock.to_microseconds(request.start_time)
    rule = compiled(judged["condition"], judged["schedule"])
    numbers = await history.numbers(connection, workspace_id)
    return Order(request, judged["condition"], rule, rows, numbers, start, max(start + 1, min(asked, now)))


async def estimated(connection: Connection, order: Order) -> float:
    """Seconds that it will take, about."""
    question = _question(order)
    if not len(question.servers):
        return 0.0
    seen = await outline.overview(connection, question)
    columns = len(question.quantities) + 1
    micros = (seen.segments * columns * _PAYLOAD) + seen.readings * (columns * _VALUE + len(order.rule.parts) * _JUDGED)
    return (2 if order.request.wanted else 1) * (micros + seen.hot * _HOT_ROW) / 1e6


async def run(connection: Connection, order: Order) -> AsyncGenerator[BacktestReport | float]:
    """Do it in the caller's snapshot: how far it is, from 0 to 1, and in the end the report."""
    began = time.monotonic()
    past = await history.prepared(connection, order.rule, _question(order))
    seen = await outline.overview(connection, past.question)
    tally = _tally(order)
    await history.expect(connection, order.rule, tally.states, past.question.servers, order.numbers)
    sketch = Sketch.new(order.rule, order.start, order.end) if order.request.wanted else None
    share = 0.5 if sketch else 1.0
    async with aclosing(history.batches(connection, past, seen, lambda batch: _add(tally, sketch, batch))) as passed:
        async for _, part in passed:
            yield share * part
    tally.finish(order.end)
    suggestion = None
    if sketch is not None and order.request.wanted is not None:
        most = order.request.wanted.incidents * (order.end - order.start) / PERIODS[order.request.wanted.per]
        suggestion = await suggesting.suggest(connection, past, seen, order.condition, sketch, int(most), tally)
    yield _report(order, tally, suggestion, time.monotonic() - began)


def _question(order: Order) -> Any:
    return history.question_of(
        order.rule, [number for number, _, _ in order.servers], order.numbers, order.start, order.end
    )


def _tally(order: Order) -> Tally:
    size = len(order.servers)
    gap = max([part.gap for part in order.rule.parts if part.gap] or [GAP])
    states = States.new(order.rule, np.full(size, order.start - 1))
    silences = Silences.new(size, order.start, gap)
    return Tally(order.rule, states, silences, order.request.max_incidents, round(order.request.flap_seconds * SECOND))


def _add(tally: Tally, sketch: Sketch | None, batch: Any) -> None:
    judged = tally.add(batch)
    if sketch is not None and judged is not None:
        sketch.add(judged)


def _report(order: Order, tally: Tally, suggestion: dict[str, Any] | None, seconds: float) -> BacktestReport:
    weeks = (order.end - order.start) / WEEK
    if suggestion is not None:
        suggestion["per_week"] = round(suggestion["count"] / weeks, 3)
    return BacktestReport.model_validate(
        {
            "start_time": clock.from_microseconds(order.start),
            "end_time": clock.from_microseconds(order.end - 1),
            "servers": len(order.servers),
            "firing": _firing(tally, weeks),
            "coverage": _coverage(tally, order),
            "by_day": [{"day": _day(day), "count": count} for day, count in sorted(tally.days.items())],
            "by_server": _by_server(tally, order),
            "incidents": [_incident(order, incident) for incident in tally.kept],
            "suggestion": suggestion,
            "took_seconds": round(seconds, 3),
        }
    )


def _firing(tally: Tally, weeks: float) -> dict[str, Any]:
    durations = np.concatenate(tally.durations or [np.empty(0, np.int64)])
    count = int(tally.counts.sum())
    return {
        "count": count,
        "per_week": round(count / weeks, 3),
        "flaps": tally.flaps,
        "open_at_end": len(tally.open),
        "total_seconds": float(tally.total.sum()) / SECOND,
        "longest_seconds": float(durations.max()) / SECOND if len(durations) else None,
        "median_seconds": float(np.median(durations)) / SECOND if len(durations) else None,
    }


def _coverage(tally: Tally, order: Order) -> dict[str, Any]:
    silences = tally.silences
    have = silences.readings > 0
    return {
        "readings": int(silences.readings.sum()),
        "first_reading": clock.from_microseconds(int(silences.first[have].min())) if have.any() else None,
        "last_reading": clock.from_microseconds(int(silences.last[have].max())) if have.any() else None,
        "silent_seconds": float(silences.silent.sum()) / SECOND,
        "share": _share(int(silences.silent.sum()), (order.end - order.start) * len(have)),
    }


def _by_server(tally: Tally, order: Order) -> list[dict[str, Any]]:
    places = np.argsort(-tally.counts, kind="stable")[:LISTED_SERVERS].tolist()
    span = order.end - order.start
    return [
        {
            "server_ulid": order.servers[place][1],
            "server_name": order.servers[place][2],
            "count": int(tally.counts[place]),
            "total_seconds": float(tally.total[place]) / SECOND,
            "readings": int(tally.silences.readings[place]),
            "share": _share(int(tally.silences.silent[place]), span),
        }
        for place in places
    ]


def _incident(order: Order, incident: Incident) -> dict[str, Any]:
    _, ulid, name = order.servers[incident.server]
    end = order.end if incident.closed is None else incident.closed
    quantities = [("sensor_type", quantity) for quantity in order.rule.quantities]
    asked = [
        ("server_ulid", ulid),
        ("start_time", clock.format_microseconds(incident.since)),
        ("end_time", clock.format_microseconds(end)),
        *quantities,
    ]
    return {
        "server_ulid": ulid,
        "server_name": name,
        "since": clock.from_microseconds(incident.since),
        "opened_at": clock.from_microseconds(incident.opened),
        "resolved_at": None if incident.closed is None else clock.from_microseconds(incident.closed),
        "seconds": (end - incident.opened) / SECOND,
        "value": _number(incident.value),
        "peak": _number(incident.peak),
        "peak_at": None if incident.peak_at is None else clock.from_microseconds(incident.peak_at),
        "readings": [
            {"timestamp": clock.from_microseconds(at), "value": value}
            for at, value in incident.readings
            if _number(value) is not None
        ],
        "data": "/data?" + urlencode(asked),
    }


def _number(value: float) -> float | None:
    """JSON has no infinities: where a spread is 0, any deviation is infinite."""
    return float(value) if np.isfinite(value) else None


def _share(silent: int, span: int) -> float:
    return round(max(0.0, 1 - silent / span), 6) if span else 0.0


def _day(number: int) -> str:
    return clock.format_microseconds(number * DAY)[:10]
