"""What a question will cost, from what the overview saw: counts, no payloads."""

from dataclasses import dataclass

from app.readings import calendar
from app.readings.aggregates import needs
from app.readings.engine import filling
from app.readings.engine.answer import columns
from app.readings.engine.outline import Overview
from app.readings.engine.question import Question
from app.readings.segments import HOUR

# Microseconds of each, measured on two cores (docs/performance.md); the estimate tells orders of magnitude.
_START = 2_000.0
_SEGMENT, _STATISTIC = 4.0, 1.5
_PAYLOAD, _VALUE = 15.0, 0.012
_HOT_ROW = 1.5
_RANKED, _LINED = 0.05, 0.15
_ROW, _CELL = 0.3, 0.25


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would be read and written, and how long that may take."""

    servers: int
    segments: int
    """Hours of servers that are sealed."""
    segments_decoded: int
    readings: int
    hot_readings: int
    rows: int
    """Rows of the answer, at most."""
    seconds: float


def estimate(question: Question, seen: Overview) -> Estimate:
    """The cost of the answer, or of the first page of it."""
    share = _share_of_page(question, seen)
    segments, sealed, hot = (int(count * share) for count in (seen.segments, seen.sealed, seen.hot))
    decoded = int(segments * _share_decoded(question, seen))
    values = sealed * (decoded / segments if segments else 0) * (len(question.quantities) + 1)
    rows = rows_of(question, seen)
    wants = needs(question.functions)
    counted = (values + hot * len(question.quantities)) * (_RANKED * bool(wants.fractions) + _LINED * wants.lines)
    micros = (
        _START
        + seen.segments * _SEGMENT
        + (segments - decoded) * len(question.shown) * _STATISTIC
        + decoded * (len(question.quantities) + 1) * _PAYLOAD
        + values * _VALUE
        + hot * _HOT_ROW
        + counted
        + rows * (_ROW + _CELL * len(columns(question)))
    )
    servers = len(question.servers)
    return Estimate(servers, seen.segments, decoded, seen.readings, seen.hot, rows, round(micros / 1e6, 3))


def buckets_of(question: Question, seen: Overview) -> int:
    """Intervals that the answer may have, gaps included."""
    if question.interval is None:
        return 1
    span = filling.bounds(question, seen.low, seen.high) if question.fill != "none" else (seen.low, seen.high)
    if span is None or span[0] is None or span[1] is None:
        return 0
    return (span[1] - span[0]) // calendar.longest(question.interval) + 2


def rows_of(question: Question, seen: Overview) -> int:
    """Rows of the answer, at most."""
    if not question.functions:
        rows = seen.readings
    else:
        rows = buckets_of(question, seen) * question.groups
        rows = rows if question.fill != "none" or needs(question.functions).lines else min(rows, seen.readings)
    if question.max_points:
        rows = min(rows, question.max_points * question.groups)
    return min(rows, question.limit) if question.limit else rows


def _share_of_page(question: Question, seen: Overview) -> float:
    """How much of the range a page of readings as stored reads: it ends when the page is full."""
    if question.limit is None or question.functions or not seen.readings:
        return 1.0
    densest = len(question.servers) * max(1, seen.readings // max(1, seen.segments + seen.hot_hours))
    return min(1.0, (2 * question.limit + densest) / seen.readings)


def _share_decoded(question: Question, seen: Overview) -> float:
    """The share of sealed hours whose statistics do not do."""
    wants = needs(question.functions)
    if not question.functions or not wants.statistics_do or question.conditions:
        return 1.0
    if wants.ends and not question.one_server_a_group:
        return 1.0
    of_hot = min(1.0, seen.hot_hours / max(1, seen.segments))
    if question.interval is None:
        return of_hot
    length = calendar.longest(question.interval)
    if length < HOUR:
        return 1.0
    first = calendar.edges(question.interval, question.zone, seen.low or 0, (seen.low or 0) + 1)[0]
    return min(1.0, of_hot + (HOUR / length if first % HOUR else 0.0))
