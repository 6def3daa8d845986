"""Structured logs: one line an event, as JSON or for people, with the request's id on each."""

import logging
import re
import sys

import structlog
from structlog.typing import Processor

from app.core import tracing
from app.core.settings import Settings

# Their own lines repeat what the access log and the supervisor already say.
QUIET = ("uvicorn.access", "celery.beat", "httpx", "httpcore", "celery.worker.strategy", "celery.app.trace", "alembic")
_CREDENTIAL = re.compile(r"\b(snt_[a-z]_|eyJ[\w-]+\.|whsec_)[\w.+/=-]+")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


def configure(settings: Settings) -> None:
    """Send structlog and the standard library's loggers to stderr in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        tracing.add_to_log,
        _hide_credentials,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings, shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    _route_through_root()


def _formatter(settings: Settings, shared: list[Processor]) -> logging.Formatter:
    human = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    renderer = human if settings.log_format == "human" else structlog.processors.JSONRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _route_through_root() -> None:
    for name in ("uvicorn", "uvicorn.error", "celery"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _hide_credentials(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            if "snt_" in value or "eyJ" in value or "whsec_" in value:
                value = event[key] = _CREDENTIAL.sub(r"\1…", value)
            if "://" in value:
                event[key] = _URL_PASSWORD.sub(r"\1…@", value)
    return event
