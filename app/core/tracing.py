"""Traces: on when a collector is named by OpenTelemetry's own variables, else the machinery is not even loaded.

HTTP request → ingest or query → SQL → Celery. What happens is in `spans`; this is what the rest of the code asks.
"""

import asyncio
import os
from collections.abc import MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from dotenv import dotenv_values
from fastapi.telemetry import TelemetryConfig
from starlette.types import Scope
from structlog.typing import EventDict

T = TypeVar("T")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_PROBES = ("/livez", "/readyz", "/metrics")


def _adopt_variables(environment: MutableMapping[str, str]) -> None:
    """Follow `.env` for these, too; an empty variable counts as not set, which the library does not do everywhere."""
    for name, value in dotenv_values(".env").items():
        if name.startswith("OTEL_") and value:
            environment.setdefault(name, value)
    for name in [name for name, value in environment.items() if name.startswith("OTEL_") and not value]:
        del environment[name]


def _is_wanted(environment: MutableMapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    return exporter == "otlp" and any(environment.get(name) for name in _ENDPOINTS)


_adopt_variables(os.environ)
ON = _is_wanted(os.environ)
# A request with one of these belongs to a trace: the bare path, which makes no spans, leaves it to the route.
HEADERS = frozenset({b"traceparent"}) if ON else frozenset[bytes]()

if ON:
    from app.core import spans


def export(service: str, *, tasks: bool = False) -> None:
    """Export spans from now on, as this service unless OTEL_SERVICE_NAME says another; before the first connection.

    `tasks`: this process runs Celery's.
    """
    if ON:
        spans.export(service, tasks=tasks)


def flush() -> None:
    """Send what has gathered."""
    if ON:
        spans.flush()


def framework() -> TelemetryConfig:
    """What FastAPI shall do, which makes the spans of requests itself: those alone, and none for probes."""
    return {"tracing": ON, "metrics": False, "logs": False, "operation_spans": False, "exclude": _is_probe}


def _is_probe(scope: MutableMapping[str, Any]) -> bool:
    return scope["path"].rstrip("/") in _PROBES


def describe_request(scope: Scope) -> None:
    """Tell the request's span its id, as logs and answers have it."""
    if ON:
        spans.describe_request(scope)


def sending(task: str, queue: str) -> AbstractContextManager[None]:
    """A task is sent to a queue."""
    return spans.sending(task, queue) if ON else nullcontext()


def sql(statement: str) -> AbstractContextManager[None]:
    """A statement that the instrumentation does not see: COPY."""
    return spans.sql(statement) if ON else nullcontext()


def wait(answer: "asyncio.Future[T]") -> "asyncio.Future[T]":
    """The same answer of a group commit; the current span waits for it."""
    if ON:
        spans.wait(answer)
    return answer


def group_commit(answers: "Sequence[asyncio.Future[Any]]") -> AbstractContextManager[None]:
    """A group commit that these wait for."""
    return spans.group_commit(answers) if ON else nullcontext()


def inject(headers: dict[str, Any]) -> None:
    """Let a message carry the current span."""
    if ON:
        spans.inject(headers)


def continued(headers: dict[str, Any]) -> AbstractContextManager[None]:
    """What happens within belongs to the span that `inject` wrote into these."""
    return spans.continued(headers) if ON else nullcontext()


def add_to_log(_: object, __: str, event: EventDict) -> EventDict:
    """A structlog processor: the trace that a line belongs to."""
    return spans.add_to_log(event) if ON else event
