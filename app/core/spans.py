"""OpenTelemetry at work; only imported when traces are on (`tracing`).

SQL is traced by the instrumentation of psycopg, under SQLAlchemy as well; tasks by that of Celery; requests by
FastAPI itself. What these cannot know is here: that a group commit belongs to the requests that wait for it.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Tracer
from starlette.types import Scope
from structlog.typing import EventDict

from app import __version__

# Commits that no traced request waits for: one a second shows what they are like, hundreds would bury the rest.
LONE_COMMIT_SECONDS = 1.0
# A process that stops waits so long for its collector, which may be away: a stop has 5 s for everything.
FLUSH_SECONDS = 1.0
# Links are for who waited as well; a batch may hold thousands.
MAX_LINKS = 32

# Today's names of attributes instead of those of the drafts; read when the first instrumentation begins.
os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "database")

_waiting: WeakKeyDictionary["asyncio.Future[Any]", SpanContext] = WeakKeyDictionary()
_lone_commit_at = 0.0


class _NoLoneStatements(Sampler):
    """Drops SQL that is nobody's: each process looks at rights several times a second. The rest is as configured."""

    def __init__(self, configured: Sampler) -> None:
        self._configured = configured

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        *arguments: Any,
        **options: Any,
    ) -> SamplingResult:
        if kind is SpanKind.CLIENT and not trace.get_current_span(parent_context).get_span_context().is_valid:
            return SamplingResult(Decision.DROP)
        return self._configured.should_sample(parent_context, trace_id, name, kind, *arguments, **options)

    def get_description(self) -> str:
        return f"NoLoneStatements({self._configured.get_description()})"


def export(service: str, *, tasks: bool) -> None:
    os.environ.setdefault("OTEL_SERVICE_NAME", service)
    # One line for a batch that was lost, without those for each attempt.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
    provider = TracerProvider(resource=Resource.create({"service.version": __version__}), shutdown_on_exit=False)
    provider.sampler = _NoLoneStatements(provider.sampler)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    PsycopgInstrumentor().instrument()
    if tasks:
        CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]


def flush() -> None:
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)


def describe_request(scope: Scope) -> None:
    current = trace.get_current_span()
    current.set_attribute("request_id", scope["request_id"])
    if scope["query_string"]:
        # Whoever puts a credential into the query by mistake shall not find it in a trace.
        current.set_attribute("url.query", "…")


@contextmanager
def sending(task: str, queue: str) -> Iterator[None]:
    attributes = {"messaging.system": "celery", "messaging.destination.name": queue}
    with _tracer().start_as_current_span(f"send {task}", kind=SpanKind.PRODUCER, attributes=attributes):
        yield


@contextmanager
def sql(statement: str) -> Iterator[None]:
    text = " ".join(statement.split())
    attributes = {"db.system.name": "postgresql", "db.query.text": text}
    with _tracer().start_as_current_span("COPY", kind=SpanKind.CLIENT, attributes=attributes):
        yield


def inject(headers: dict[str, Any]) -> None:
    propagate.inject(headers)


@contextmanager
def continued(headers: dict[str, Any]) -> Iterator[None]:
    token = attach(propagate.extract(headers))
    try:
        yield
    finally:
        detach(token)


def add_to_log(event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def wait(answer: "asyncio.Future[Any]") -> None:
    """The current span waits for this answer of a group commit."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        _waiting[answer] = context


@contextmanager
def group_commit(answers: Sequence["asyncio.Future[Any]"]) -> Iterator[None]:
    """A group commit: within the first traced request that waits for it, linked with the others."""
    global _lone_commit_at
    waiting = [context for answer in answers if (context := _waiting.pop(answer, None))]
    moment = time.monotonic()
    if not waiting and moment < _lone_commit_at:
        yield
        return
    if not waiting:
        _lone_commit_at = moment + LONE_COMMIT_SECONDS
    parent = trace.set_span_in_context(trace.NonRecordingSpan(waiting[0])) if waiting else Context()
    links = [Link(context) for context in waiting[1 : MAX_LINKS + 1]]
    attributes = {"sentinela.requests": len(answers)}
    with _tracer().start_as_current_span("group commit", parent, links=links, attributes=attributes):
        yield


def _tracer() -> Tracer:
    return trace.get_tracer("sentinela", __version__)
