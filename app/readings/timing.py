"""What queries of readings cost: counted, and logged with their estimate when they took long."""

import time
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import structlog

from app.core import metrics
from app.core.clock import format_microseconds
from app.core.errors import Invalid, Problem
from app.readings.engine.costs import Estimate
from app.readings.engine.question import MAX_TS, MIN_TS, Question

log = structlog.get_logger("query")


class Timing:
    """One computation of an answer; `estimate` is filled in when it is known."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._estimate: Estimate | None = None
        self._passed_on = False
        self._started = time.perf_counter()

    def expect(self, estimate: Estimate) -> None:
        """It has been let in."""
        self._estimate = estimate
        metrics.QUERY_COST.observe(estimate.seconds)

    def pass_on(self) -> None:
        """Another computation answers: this one is not counted."""
        self._passed_on = True

    def end(self, outcome: str, slow_seconds: float) -> None:
        if self._passed_on:
            return
        seconds = time.perf_counter() - self._started
        metrics.QUERIES.labels(outcome).inc()
        if outcome == "answered":
            metrics.QUERY_SECONDS.observe(seconds)
        if slow_seconds and seconds >= slow_seconds:
            log.warning(
                "slow_query",
                outcome=outcome,
                milliseconds=round(seconds * 1000, 1),
                estimate=asdict(self._estimate) if self._estimate else None,
                **_shown(self.question),
            )


@contextmanager
def timed(question: Question, slow_seconds: float) -> Iterator[Timing]:
    """Counts how the block ends: answered, refused, busy, abandoned by its client, or failed."""
    timing = Timing(question)
    outcome = "failed"
    try:
        yield timing
        outcome = "answered"
    except Invalid:
        outcome = "refused"
        raise
    except Problem as error:
        outcome = "busy" if error.kind == "busy" else "failed"
        raise
    except (CancelledError, GeneratorExit):
        outcome = "abandoned"
        raise
    finally:
        timing.end(outcome, slow_seconds)


def _shown(question: Question) -> dict[str, object]:
    """What was asked, for the log."""
    return {
        "servers": len(question.servers),
        "quantities": list(question.shown),
        "interval": question.interval,
        "functions": list(question.functions),
        "start": _instant(question.start),
        "end": _instant(question.end),
    }


def _instant(ts: int) -> str | None:
    """None: the range is open there."""
    return format_microseconds(ts) if MIN_TS < ts < MAX_TS else None
