"""Celery: how tasks are sent, and how their bodies, which are coroutines, run."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import structlog
from celery import Celery, signals
from kombu.exceptions import OperationalError

from app.core import tracing
from app.core.db import Database
from app.core.redis_address import broker_url
from app.core.redis_forms import Address, parse
from app.core.settings import Settings, get_settings

T = TypeVar("T")
Queue = Literal["default", "bulk", "notify"]
QUEUES: tuple[Queue, ...] = ("default", "bulk", "notify")
# An unacknowledged message comes back after this, so it must outlast the longest task. A killed worker's jobs do not
# wait for it: their rows fall silent, and `jobs.sweep` sends them again.
VISIBILITY_SECONDS = 6 * 3600

# A sentinel that does not answer within it is passed by; the next one knows the same.
SENTINEL_SECONDS = 1
# Where redis-py puts Celery's keys; `%s` is a queue's name. Messages that workers hold are in a hash of their own.
KEY_PREFIX = "sentinela:queue:"
HELD_KEY = KEY_PREFIX + "unacked"
# A header of every message: when it was sent, Unix time.
SENT_AT = "sent_at"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Resources:
    """What a task's body works with."""

    database: Database
    settings: Settings


@lru_cache
def get_queue() -> Celery:
    """The Celery application of this process."""
    url = broker_url(get_settings())
    # Who only imports us, such as a tool that lists the tasks, has no broker.
    address = parse(url) if url else Address("one", url)
    queue = Celery("sentinela", broker=_celery_url(address), set_as_current=True)
    queue.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_default_queue="default",
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        timezone="UTC",
        # Messages that outlasted their worker are looked for every 2 s instead of every few minutes.
        broker_transport_options={
            "visibility_timeout": VISIBILITY_SECONDS,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "global_keyprefix": KEY_PREFIX,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            **_sentinel_options(address),
        },
    )
    return queue


def _celery_url(address: Address) -> str:
    """The broker as Celery writes it: each sentinel is a URL of its own, and carries the login of the servers."""
    if address.kind != "sentinel":
        return address.url
    login = f"{quote(address.username or '', safe='')}:{quote(address.password or '', safe='')}@"
    return ";".join(f"sentinel://{login}{host}:{port}/{address.database}" for host, port in address.hosts)


def _sentinel_options(address: Address) -> dict[str, Any]:
    if address.kind != "sentinel":
        return {}
    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    return {"master_name": address.service, "sentinel_kwargs": {**limits, **address.sentinel_login()}}


@signals.before_task_publish.connect
def _stamp(headers: dict[str, Any], **_: Any) -> None:
    """Whoever sends, beat included."""
    headers[SENT_AT] = time.time()
    tracing.inject(headers)


async def send(task: str, *arguments: str | int, queue: Queue = "default", request_id: str = "") -> bool:
    """Send a task, after the commit of the row it works on; False when the broker is away.

    A caller whose work must not be lost keeps it as a row that a sweep finds again.
    """
    try:
        with tracing.sending(task, queue):
            await asyncio.to_thread(_publish, task, arguments, queue, request_id)
    except (OperationalError, OSError) as error:
        log.warning("broker_unavailable", task=task, error=str(error))
        return False
    return True


def _publish(task: str, arguments: tuple[str | int, ...], queue: Queue, request_id: str) -> None:
    get_queue().send_task(
        task, args=list(arguments), queue=queue, headers={"request_id": request_id}, retry=False, ignore_result=True
    )


@lru_cache
def _runner() -> tuple[asyncio.Runner, Resources]:
    settings = get_settings()
    return asyncio.Runner(), Resources(Database(settings), settings)


def run(work: Callable[[Resources], Coroutine[Any, Any, T]]) -> T:
    """Run a task's coroutine on this worker process's loop, with its own connection pool."""
    runner, resources = _runner()
    # A runner remembers the context of its first task; this one's log lines and records are its own.
    return runner.run(work(resources), context=copy_context())
