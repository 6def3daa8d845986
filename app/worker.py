"""Celery's entry: `celery -A app.worker worker` and `celery -A app.worker beat`."""

import logging
import os
import signal
import sys
import time
from contextvars import ContextVar
from typing import Any

import structlog
from celery import signals

from app.alerts import tasks as alerts_tasks  # noqa: F401
from app.auth import tasks as auth_tasks  # noqa: F401
from app.core import metrics, origin, tracing
from app.core.logging import configure
from app.core.memory import spare_memory
from app.core.process import die_with_parent
from app.core.queue import SENT_AT, get_queue
from app.core.settings import get_settings
from app.jobs import tasks as jobs_tasks  # noqa: F401
from app.maintenance import tasks as maintenance_tasks  # noqa: F401
from app.presence import tasks as presence_tasks  # noqa: F401
from app.readings import tasks as readings_tasks  # noqa: F401
from app.transfers import tasks as transfers_tasks  # noqa: F401

log = structlog.get_logger("task")
# When the task at work in this process began; a worker's child does one at a time.
_began = ContextVar("began", default=0.0)

app = get_queue()
app.conf.beat_scheduler = "app.beat:SharedScheduler"


def _every(seconds: float, task: str, queue: str = "default") -> dict[str, Any]:
    """A message that waited for a busy worker is as good as the next one, or for an hour: they do not pile up."""
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": min(seconds, 3600.0)}}


app.conf.beat_schedule = {
    "purge refresh tokens": _every(3600.0, "auth.purge_refresh_tokens"),
    "purge audit log": _every(3600.0, "auth.purge_audit_log"),
    "purge receipts": _every(3600.0, "readings.purge_receipts"),
    "purge exports": _every(3600.0, "transfers.purge_exports"),
    "purge uploads": _every(3600.0, "transfers.purge_uploads"),
    "purge jobs": _every(3600.0, "jobs.purge"),
    "purge alerts": _every(3600.0, "alerts.purge"),
    "purge presence": _every(86_400.0, "presence.purge"),
    "seal": _every(60.0, "readings.seal"),
    "drop expired readings": _every(3600.0, "readings.drop_expired"),
    "verify segments": _every(300.0, "readings.verify_sample"),
    "deliver notifications": _every(5.0, "alerts.deliver", "notify"),
    "sweep jobs": _every(10.0, "jobs.sweep"),
}


@signals.setup_logging.connect
def _configure_logging(**_: Any) -> None:
    configure(get_settings())


@signals.worker_process_init.connect
def _begin(**_: Any) -> None:
    spare_memory()
    # An import decodes in one thread and encodes in another: they take turns after half a millisecond instead of five.
    sys.setswitchinterval(0.0005)
    tracing.export("sentinela-worker", tasks=True)
    if os.environ.get("SENTINELA_SUPERVISED"):
        die_with_parent(signal.SIGKILL)


@signals.worker_process_shutdown.connect
def _end(**_: Any) -> None:
    tracing.flush()


@signals.task_prerun.connect
def _enter(task: Any, task_id: str, **_: Any) -> None:
    """Log lines of a task carry the request id of the request that sent it."""
    headers = task.request.headers or {}
    _began.set(time.monotonic())
    if sent_at := headers.get(SENT_AT):
        metrics.TASK_WAIT.labels(task.name).observe(max(0.0, time.time() - sent_at))
    request_id = headers.get("request_id", "")
    origin.enter(request_id)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id, request_id=request_id)


@signals.task_postrun.connect
def _leave(task: Any, state: str | None = None, **_: Any) -> None:
    outcome = "succeeded" if state == "SUCCESS" else "failed"
    metrics.TASKS.labels(task.name, outcome).inc()
    metrics.TASK_SECONDS.labels(task.name).observe(time.monotonic() - _began.get())
    if outcome == "succeeded":
        metrics.TASK_SUCCEEDED.labels(task.name).set(time.time())
    # What beat sends every few seconds is counted above; a line is for what somebody asked for, or what went wrong.
    asked = structlog.contextvars.get_contextvars().get("request_id")
    log.log(logging.INFO if asked or outcome == "failed" else logging.DEBUG, "task_finished", outcome=outcome)


@signals.task_failure.connect
def _explain(exception: BaseException, **_: Any) -> None:
    log.error("task_failed", exc_info=exception)
