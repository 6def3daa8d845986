"""Measures tables and queues every few seconds, beside the watcher's looks: apart from the workers, whose queues they
are, and once for the installation.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core import metrics
from app.core.copy import Connection, WriterConnection
from app.core.db import UNAVAILABLE, Database
from app.core.nature import is_spread
from app.core.queue import HELD_KEY, KEY_PREFIX, QUEUES, SENT_AT
from app.core.redis_address import broker_url
from app.core.redis_forms import close_client, open_client
from app.core.settings import Settings
from app.core.text import first_line
from app.monitoring import queries

# As often as Prometheus asks by default would be 15 s; the statements take some 10 ms for a fleet of 10,000.
PAUSE_SECONDS = 10.0
REDIS_TIMEOUT_SECONDS = 2.0
PRESENCE = ("online", "offline", "unheard")
JOBS = ("queued", "running")
INCIDENTS = ("open", "acknowledged")

log = structlog.get_logger()


async def measure_for_ever(database: Database, settings: Settings) -> None:
    """Measure until cancelled; what is away is measured again when it is back."""
    writer = WriterConnection(database)
    broker = open_client(broker_url(settings), REDIS_TIMEOUT_SECONDS)
    try:
        while True:
            try:
                measure_disk(settings)
                await measure(writer, broker)
            except (*UNAVAILABLE, RedisError, OSError, TimeoutError) as error:
                log.warning("not_measured", error=first_line(error))
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await close_client(broker)
        await writer.close()


def measure_disk(settings: Settings) -> None:
    """Raises: OSError where the data folder is out of reach."""
    usage = shutil.disk_usage(settings.data_dir)
    metrics.DISK_FREE.set(usage.free)
    metrics.DISK_SIZE.set(usage.total)


async def measure(writer: WriterConnection, broker: Redis) -> None:
    """Set every gauge once. Raises what a database or a broker that is away raises."""
    async with writer.statement() as connection:
        await _measure_tables(connection)
        _set(metrics.SERVERS, PRESENCE, await _rows(connection, queries.PRESENCE))
        _set(metrics.JOBS, JOBS, await _rows(connection, queries.JOBS))
        _set(metrics.INCIDENTS, INCIDENTS, await _rows(connection, queries.INCIDENTS))
        (waiting, overdue), *_ = await _rows(connection, queries.NOTIFICATIONS)
    metrics.NOTIFICATIONS_QUEUED.set(waiting)
    metrics.NOTIFICATION_AGE.set(overdue)
    await _measure_queues(broker)
    metrics.MEASURED.set(time.time())


async def _rows(connection: Connection, statement: LiteralString) -> list[tuple[Any, ...]]:
    return await (await connection.execute(statement)).fetchall()


async def _measure_tables(connection: Connection) -> None:
    tables = queries.TABLES_OF_NODES if is_spread(connection) else queries.TABLES
    rows: Mapping[str, int] = {}
    for table, size, live in await _rows(connection, tables):
        metrics.STORAGE_BYTES.labels(table).set(size)
        rows = {**rows, table: live}
    metrics.HOT_READINGS.set(rows.get("reading", 0))
    metrics.STORED_SEGMENTS.set(rows.get("segment", 0))


def _set(gauge: metrics.Gauge, labels: Iterable[str], rows: list[tuple[Any, ...]]) -> None:
    """What no row counts is 0, not what it was."""
    counted = dict(rows)
    for label in labels:
        gauge.labels(label).set(counted.get(label, 0))


async def _measure_queues(broker: Redis) -> None:
    for queue in QUEUES:
        length = await broker.llen(KEY_PREFIX + queue)
        metrics.QUEUE_TASKS.labels(queue).set(length)
        # Tasks are put in at one end and taken out at the other, which has the oldest.
        metrics.QUEUE_AGE.labels(queue).set(_age(await broker.lindex(KEY_PREFIX + queue, -1)))
    metrics.QUEUE_HELD.set(await broker.hlen(HELD_KEY))


def _age(message: bytes | str | None) -> float:
    """Seconds since a message was sent; 0 where there is none."""
    sent_at = json.loads(message)["headers"].get(SENT_AT) if message else None
    return 0.0 if sent_at is None else max(0.0, time.time() - sent_at)
