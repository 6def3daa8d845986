"""`GET /data/quality`: what a server should have sent and what it did, per server and period."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from app.auth.principals import Principal
from app.core.clock import from_microseconds, now
from app.core.copy import Connection
from app.core.db import Database
from app.core.settings import Settings
from app.readings import asking, budgets
from app.readings import latest_queries as queries
from app.readings.courses import SECOND, Course, Measured, Spans
from app.readings.engine import outline
from app.readings.engine.question import Question
from app.readings.inspecting import inspect
from app.readings.quantities import BOUNDS
from app.readings.questions import DataQuery
from app.readings.schemas import QualityQuery

PERIOD = timedelta(days=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
# What sensors of these kinds can measure; what lies outside was stored, but nobody's room is so.
PLAUSIBLE = {
    "temperature": (-55.0, 125.0),
    "humidity": BOUNDS["humidity"],
    "voltage": (-1000.0, 1000.0),
    "current": (-1000.0, 1000.0),
}


async def quality(
    database: Database, settings: Settings, principal: Principal, query: QualityQuery
) -> list[dict[str, Any]]:
    """Servers by name, each with how its readings went. Raises: NoSuchServer, Invalid, TooExpensive."""
    end = min(query.end_time or now(), now())
    start = query.start_time or _EARLIEST + max(end - _EARLIEST - PERIOD, timedelta())
    data = DataQuery(
        server_ulid=query.server_ulid, sensor_type=query.sensor_type, start_time=min(start, end), end_time=end
    )
    question = (await asking.ask(database, principal.workspace_id, data)).question
    if not len(question.servers):
        return []
    async with database.snapshot(principal.workspace_id) as connection:
        seen = await outline.overview(connection, question)
        budgets.check(data, question, seen, budgets.budget_of(principal, settings))
        described = await _described(connection, question)
        courses = {number: _course(question, query, row["interval_seconds"]) for number, row in described.items()}
        await inspect(connection, question, seen, courses, filtered=bool(query.sensor_type))
        arrivals = await _arrivals(connection, question)
    return [_document(row, courses[number], arrivals.get(number)) for number, row in described.items()]


def _course(question: Question, query: QualityQuery, interval_seconds: float | None) -> Course:
    ranges = PLAUSIBLE | query.ranges()
    stuck_after = query.stuck_after * SECOND
    measured = {
        name: Measured(*ranges.get(name, (-np.inf, np.inf)), stuck_after=stuck_after) for name in question.shown
    }
    interval = interval_seconds * SECOND if interval_seconds else None
    return Course(question.start, question.end, interval, measured)


async def _described(connection: Connection, question: Question) -> dict[int, dict[str, Any]]:
    cursor = await connection.execute(queries.SELECT_DESCRIBED, (question.servers.tolist(),))
    names = ("server_ulid", "server_name", "interval_seconds")
    return {number: dict(zip(names, row, strict=True)) for number, *row in await cursor.fetchall()}


async def _arrivals(connection: Connection, question: Question) -> dict[int, Sequence[Any]]:
    hours = outline.range_of_hours(question.start, question.end)
    cursor = await connection.execute(queries.SELECT_ARRIVALS, (question.servers.tolist(), *hours))
    return {number: row for number, *row in await cursor.fetchall()}


def _document(row: Mapping[str, Any], course: Course, arrivals: Sequence[Any] | None) -> dict[str, Any]:
    declared = row["interval_seconds"] is not None
    course.finish()
    return {
        "server_ulid": row["server_ulid"],
        "server_name": row["server_name"],
        "start_time": from_microseconds(course.start),
        # Inclusive, as it was asked.
        "end_time": from_microseconds(course.end - 1),
        "interval_seconds": None if course.interval is None else course.interval / SECOND,
        "interval_declared": declared,
        "readings": course.readings,
        "expected": course.expected,
        "completeness": None if course.expected is None else round(min(1.0, course.readings / course.expected), 6),
        "gaps": _spans(course.gaps),
        "quantities": {name: _measured(found) for name, found in course.measured.items() if found.readings},
        "arrivals": None if arrivals is None else _counted(arrivals),
    }


def _measured(found: Measured) -> dict[str, Any]:
    return {
        "readings": found.readings,
        "minimum": found.minimum,
        "maximum": found.maximum,
        "out_of_range": found.out_of_range,
        "stuck": _spans(found.stuck),
    }


def _spans(spans: Spans) -> dict[str, Any]:
    longest = []
    for span in spans.longest:
        shown = {"start_time": from_microseconds(span.start), "end_time": from_microseconds(span.end)}
        longest.append(shown if span.value is None else {**shown, "value": span.value, "readings": span.readings})
    return {"count": spans.count, "seconds": spans.total / SECOND, "longest": longest}


def _counted(arrivals: Sequence[Any]) -> dict[str, Any]:
    received, duplicates, rejected, late, least, largest, lags = arrivals
    return {
        "received": int(received),
        "duplicates": int(duplicates),
        "rejected": int(rejected),
        "late": int(late),
        "lag_seconds": None
        if not received
        else {"least": least / SECOND, "mean": round(lags / int(received) / SECOND, 6), "largest": largest / SECOND},
        "clock_ahead_seconds": max(0.0, -least / SECOND) if received else None,
    }
