"""What a question will cost, from what the overview saw: counts, no payloads."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from app.readings import calendar
from app.readings.aggregates import needs
from app.readings.engine import filling, parts
from app.readings.engine.answer import columns
from app.readings.engine.outline import Overview
from app.readings.engine.question import Question
from app.readings.quarters import DENSE, QUARTER
from app.readings.segments import HOUR

# Microseconds since 1970: of what is older there is little.
EARLIEST = 946_684_800_000_000
# Microseconds of each on two cores that do nothing else; `bench query` shows estimates beside what was measured.
_START = 4_000.0
_SEGMENT, _STATISTIC, _OF_QUARTERS = 0.4, 0.3, 14.0
_PAYLOAD, _VALUE = 12.0, 0.006
_HOT_ROW = 1.2
_RANKED, _LINED = 0.012, 0.08
_REDUCED, _GATHERED = 0.008, 0.01
_ROW, _CELL = 0.2, 0.15
# Arrow and Parquet take columns as they are.
_BINARY_CELL = 0.01


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


def total(estimates: Sequence[Estimate]) -> Estimate:
    """Of all of them together."""
    return Estimate(*(sum(column) for column in zip(*map(astuple, estimates), strict=True)))


def estimate(question: Question, seen: Overview, *, binary: bool = False) -> Estimate:
    """The cost of the answer, or of the first page of it; `binary`: written as Arrow or Parquet."""
    share = _share_of_page(question, seen)
    segments, sealed, hot = (int(count * share) for count in (seen.segments, seen.sealed, seen.hot))
    of_quarters, of_payloads = _shares(question, seen)
    decoded = int(segments * of_payloads)
    values = sealed * (decoded / segments if segments else 0) * (len(question.quantities) + 1)
    rows, width = rows_of(question, seen), len(columns(question))
    wants = needs(question.functions)
    counted = (values + hot * len(question.quantities)) * (_RANKED * bool(wants.fractions) + _LINED * wants.lines)
    micros = (
        _START
        + seen.segments * _SEGMENT
        + (segments - decoded) * len(question.shown) * _STATISTIC
        + segments * of_quarters * _OF_QUARTERS
        + decoded * (len(question.quantities) + 1) * _PAYLOAD
        + values * _VALUE
        + hot * _HOT_ROW
        + counted
        + rows * (_BINARY_CELL * (width + 1) if binary else _ROW + _CELL * width)
    )
    servers = len(question.servers)
    return Estimate(servers, seen.segments, decoded, seen.readings, seen.hot, rows, round(micros / 1e6, 3))


def at_most(question: Question) -> float:
    """Seconds that it takes if each of its servers has sent once a second since EARLIEST; nothing is looked at."""
    low, high = max(question.start, EARLIEST), min(question.end, question.now) - 1
    segments = max(0, high // HOUR - low // HOUR + 1) * len(question.servers)
    full = Overview(np.empty(0, np.int64), segments, segments * 3600, 0, 0, low, max(low, high))
    return estimate(question, full).seconds


def of_windows(
    question: Question, seen: Overview, touched: float, decoded: float, gathered: float, cells: int
) -> Estimate:
    """The cost of `sliding`: of what is there the share that a window touches, and of that the share to decode; points
    of all windows together; values of the answer.
    """
    segments, sealed, hot = (int(count * touched) for count in (seen.segments, seen.sealed, seen.hot))
    payloads, values = int(segments * decoded), int(sealed * decoded) + hot
    micros = (
        _START
        + seen.segments * _SEGMENT
        + (segments - payloads) * _STATISTIC
        + payloads * 2 * _PAYLOAD
        + values * 2 * _VALUE
        + hot * _HOT_ROW
        + values * _REDUCED
        + gathered * _GATHERED
        + cells * (_ROW + _CELL)
    )
    servers = len(question.servers)
    return Estimate(servers, seen.segments, payloads, seen.readings, seen.hot, cells, round(micros / 1e6, 3))


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


def _shares(question: Question, seen: Overview) -> tuple[float, float]:
    """The share of sealed hours that their quarters answer, and of those that are decoded."""
    if not question.functions or not parts.answering(question, needs(question.functions)):
        return 0.0, 1.0
    of_hot = min(1.0, seen.hot_hours / max(1, seen.segments))
    if question.interval is None:
        return 0.0, of_hot
    length = calendar.longest(question.interval)
    cut = min(1.0, HOUR / length) if length < HOUR or _begins_within_hours(question, seen) else 0.0
    dense = seen.sealed >= DENSE * seen.segments
    if length >= QUARTER and dense and _edge(question, seen) % QUARTER == 0:
        return cut, of_hot
    return 0.0, min(1.0, of_hot + cut)


def _begins_within_hours(question: Question, seen: Overview) -> bool:
    return _edge(question, seen) % HOUR != 0


def _edge(question: Question, seen: Overview) -> int:
    low = seen.low or 0
    return int(calendar.edges(question.interval or "", question.zone, low, low + 1)[0])
