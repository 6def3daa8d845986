"""Delivering what is due: at least once, each notification by its own stable id, with patience that ends.

A worker claims notifications for as long as an attempt may take; what it does not report by then is due again. So a
worker, a broker or a machine that is lost delays a notification and loses none, and a receiver may see an id twice.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from app.alerts import queries
from app.alerts.channels import CHANNELS
from app.alerts.channels.base import Message, Outcome
from app.core import clock, db, metrics, queue
from app.core.copy import Connection
from app.core.queue import Resources
from app.core.settings import Settings

# Attempts that run at once in a worker: mostly they wait for receivers.
BATCH = 50
# Longer than an attempt (10 s) by what a busy machine may add.
LEASE_SECONDS = 60
# 1, 2, 4 … 2,048 s, then each hour: some seven hours in all, which is a receiver's bad night.
MAX_ATTEMPTS = 22
MAX_WAIT_SECONDS = 3600
# One task ends after so many batches, so that a stop need not wait; beat sends the next one within five seconds.
MAX_BATCHES = 20

log = structlog.get_logger()


async def nudge() -> None:
    """Have the workers look at once; without it beat does so within seconds."""
    await queue.send("alerts.deliver", queue="notify")


async def deliver_due(resources: Resources) -> int:
    """Attempt what is due, until nothing is; how many attempts that were."""
    connection = await resources.database.connect()
    attempts = 0
    try:
        for _ in range(MAX_BATCHES):
            claimed = await _claim(connection)
            if not claimed:
                break
            attempts += len(claimed)
            await _attempt_all(resources.settings, connection, claimed)
    finally:
        await connection.close()
    return attempts


async def _claim(connection: Connection) -> list[tuple[Any, ...]]:
    values = {"limit": BATCH, "lease": LEASE_SECONDS}
    async with db.transaction(connection):
        return await (await connection.execute(queries.CLAIM, values)).fetchall()


async def _attempt_all(settings: Settings, connection: Connection, claimed: list[tuple[Any, ...]]) -> None:
    """All at once; each is reported as soon as it is known, for a slow receiver must not hold up the others' news."""
    alone = asyncio.Lock()

    async def report(values: dict[str, Any]) -> None:
        async with alone:
            await connection.execute(queries.REPORT, values)

    await asyncio.gather(*(_attempt(settings, report, row) for row in claimed))


async def _attempt(
    settings: Settings, report: Callable[[dict[str, Any]], Awaitable[None]], row: tuple[Any, ...]
) -> None:
    notification_id, ulid, event, created_at, body, attempts, kind, target, secret = row
    try:
        outcome = await CHANNELS[kind](settings, Message(ulid, event, created_at, body, target, secret))
    except Exception as error:
        log.exception("delivery_failed", notification=ulid, exc_info=error)
        outcome = Outcome("An unexpected error; the log has it.")
    state = _state(outcome, attempts)
    metrics.NOTIFICATIONS.labels(kind, "failed" if state == "queued" else state).inc()
    if state == "delivered":
        metrics.NOTIFICATION_SECONDS.labels(kind).observe((clock.now() - created_at).total_seconds())
    values = {"notification_id": notification_id, "attempts": attempts, "state": state, "error": outcome.error}
    await report({**values, "wait": wait_seconds(attempts)})


def _state(outcome: Outcome, attempts: int) -> str:
    if outcome.error is None:
        return "delivered"
    return "queued" if outcome.may_help and attempts < MAX_ATTEMPTS else "dead"


def wait_seconds(attempts: int) -> float:
    """Until the next attempt: twice as long each time; half of it by chance, so that a receiver is not hit by all."""
    whole = min(2.0 ** (attempts - 1), MAX_WAIT_SECONDS)
    return whole / 2 + random.uniform(0, whole / 2)  # noqa: S311 - nothing depends on it being secret
