"""Who may ask for how much: a question past the budget is refused with its estimate and a cheaper query (R3)."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from urllib.parse import urlencode

from app.auth.principals import Principal
from app.core.clock import format_microseconds
from app.core.errors import Invalid, invalid_field
from app.core.settings import Settings
from app.readings.calendar import longest
from app.readings.engine import costs, filling
from app.readings.engine.answer import columns, held
from app.readings.engine.costs import Estimate
from app.readings.engine.outline import Overview
from app.readings.engine.question import MAX_TS, Question
from app.readings.questions import DataQuery

BINARY = ("arrow", "parquet")
# What a cheaper query may use, the finest first.
_COARSER = ("minute", "15m", "hour", "day", "1mo")


class TooExpensive(Invalid):
    kind = "query-too-expensive"
    title = "Query too expensive"

    def __init__(self, found: Estimate, budget: int, cheaper: str) -> None:
        super().__init__(
            "This would take about {seconds} s, and {budget} s are allowed; a cheaper query is in `cheaper`.",
            seconds=found.seconds,
            budget=budget,
            errors=[],
        )
        self.more = {"estimate": asdict(found), "cheaper": cheaper}


def budget_of(principal: Principal, settings: Settings) -> int:
    """Seconds that one query of this principal may take."""
    if "admin" in principal.scopes:
        return settings.query_seconds_admin
    return settings.query_seconds_operator if "write" in principal.scopes else settings.query_seconds_viewer


def check(query: DataQuery, question: Question, seen: Overview, budget: int) -> Estimate:
    """What the question will cost. Raises: TooExpensive, Invalid."""
    found = costs.estimate(question, seen, binary=query.format in BINARY)
    if found.seconds > budget:
        raise TooExpensive(found, budget, cheaper(query, question, seen, budget))
    cells = costs.buckets_of(question, seen) * question.groups * len(columns(question))
    if held(question) and cells > filling.MAX_CELLS:
        name = "fill" if question.fill != "none" else "order"
        message = f"That is {cells} values, more than {filling.MAX_CELLS}; use a longer interval or a shorter range"
        raise invalid_field(("query", name), message, "too_many_cells", cells=cells, limit=filling.MAX_CELLS)
    return found


def cheaper(query: DataQuery, question: Question, seen: Overview, budget: int) -> str:
    """A query of the same kind within the budget, ready to be sent: of longer intervals, else of a shorter range."""
    binary = query.format in BINARY
    for interval in _longer(question):
        asked = replace(question, interval=interval, functions=question.functions or ("mean",), max_points=None)
        if costs.estimate(asked, seen, binary=binary).seconds <= budget:
            return _url(query, aggregation=interval)
    low, high = seen.low or 0, seen.high or 0
    share = 0.8 * budget / costs.estimate(question, seen, binary=binary).seconds
    end = high if question.end == MAX_TS else question.end - 1
    start = max(low, int(high - (high - low) * share))
    return _url(query, start_time=format_microseconds(start), end_time=format_microseconds(min(end, high)))


def _longer(question: Question) -> Iterator[str]:
    than = longest(question.interval) if question.interval else 0
    if question.functions and question.interval is None:
        return
    yield from (interval for interval in _COARSER if longest(interval) > than)


def _url(query: DataQuery, **changes: str) -> str:
    sent = query.model_dump(mode="json", exclude_defaults=True, exclude={"cursor", "explain", "format"})
    if query.format not in (None, "json"):
        sent["format"] = query.format
    if "aggregation" in changes:
        sent.pop("max_points", None)
    return "/data?" + urlencode(sent | changes, doseq=True)
