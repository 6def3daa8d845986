"""What the watcher measures for the whole installation, against what stands in the database and the queues."""

import time
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
import redis
from celery import Celery
from redis.asyncio import Redis

from app.core import metrics
from app.core.copy import WriterConnection
from app.core.db import Database
from app.core.queue import KEY_PREFIX
from app.monitoring import measuring
from tests.contract.calls import metric
from tests.database import database as database
from tests.system import System

# Not the running system's, whose workers would take what waits.
OTHER_DATABASE = "/7"
PATIENCE_SECONDS = 5 * measuring.PAUSE_SECONDS


def other(system: System) -> str:
    return system.redis_url.removesuffix("/0") + OTHER_DATABASE


@pytest.fixture
async def broker(system: System) -> AsyncIterator[Redis]:
    async with Redis.from_url(other(system)) as client:
        yield client
        await client.flushdb()


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[WriterConnection]:
    opened = WriterConnection(database)
    yield opened
    await opened.close()


def value(gauge: metrics.Gauge, *labels: str) -> float:
    found: float = (gauge.labels(*labels) if labels else gauge)._value.get()
    return found


async def test_queues_show_how_many_wait_and_how_long_the_oldest_has(
    system: System, writer: WriterConnection, broker: Redis
) -> None:
    sender = Celery("sender", broker=other(system))
    sender.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
    sender.send_task("jobs.sweep", queue="bulk")
    time.sleep(0.3)
    for _ in range(2):
        sender.send_task("jobs.sweep", queue="bulk")
    await measuring.measure(writer, broker)
    sender.close()
    assert [value(metrics.QUEUE_TASKS, name) for name in ("default", "bulk", "notify")] == [0, 3, 0]
    assert 0.3 <= value(metrics.QUEUE_AGE, "bulk") < 30
    assert value(metrics.QUEUE_AGE, "notify") == 0
    assert value(metrics.QUEUE_HELD) == 0


async def test_an_empty_queue_is_shown_as_empty_again(writer: WriterConnection, broker: Redis) -> None:
    metrics.QUEUE_TASKS.labels("bulk").set(5)
    metrics.JOBS.labels("running").set(1000)
    await measuring.measure(writer, broker)
    assert value(metrics.QUEUE_TASKS, "bulk") == 0
    assert value(metrics.JOBS, "running") < 1000


async def test_a_broker_that_is_away_is_an_error_and_the_tables_are_measured_all_the_same(
    writer: WriterConnection,
) -> None:
    metrics.STORAGE_BYTES.labels("reading").set(0)
    async with Redis(port=1) as nobody:
        with pytest.raises(redis.exceptions.ConnectionError):
            await measuring.measure(writer, nobody)
    assert value(metrics.STORAGE_BYTES, "reading") > 0


def test_the_running_watcher_counts_servers_by_presence(client: httpx.Client, system: System) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT count(*) FROM server").fetchone()
            shown = metric(client, "sentinela_servers")
            measured = metric(client, "sentinela_measured_timestamp_seconds")
            if row and shown == row[0] and time.time() - measured < PATIENCE_SECONDS:
                break
            assert time.monotonic() < deadline, (shown, row, measured)
            time.sleep(0.5)
    assert time.time() - metric(client, "sentinela_watcher_look_timestamp_seconds") < PATIENCE_SECONDS
    assert metric(client, "sentinela_storage_bytes", table="segment") > 0
