"""Delivering what is due: at least once, each notification by its own stable id, with patience that ends.

A worker claims notifications for as long as an attempt may take; what it does not report by then is due again. So a
worker, a broker or a machine that is lost delays a notification and loses none, and a receiver may see an id twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import LiteralString

import psycopg
import structlog

from app.alerts import claiming
from app.alerts.channels import CHANNELS
from app.alerts.channels.base import Outcome
from app.alerts.claiming import Claimed, Report
from app.core import clock, metrics, queue
from app.core.copy import Connection
from app.core.db import Database
from app.core.queue import Resources
from app.core.settings import Settings

# Attempts that run at once in a worker: mostly they wait for receivers.
PLACES = 50
# 1, 2, 4 … 2,048 s, then each hour: some seven hours in all, which is a receiver's bad night.
MAX_ATTEMPTS = 22
MAX_WAIT_SECONDS = 3600
# One task claims for so long, so that a stop need not wait; beat sends the next one within five seconds.
CLAIM_SECONDS = 20.0
# Of several workers one delivers, and the others are free for imports. "sentined" as eight bytes.
DELIVERY_LOCK = 0x73656E74696E6564
# A worker that freezes loses the lock with its connection; longer than the pauses of one that works.
_PREPARE: LiteralString = "SET idle_session_timeout = '60s'"
# How often a worker with receivers that hang looks for what else is due.
LOOK_SECONDS = 1.0

log = structlog.get_logger()


async def nudge() -> None:
    """Have the workers look at once; without it beat does so within seconds."""
    await queue.send("alerts.deliver", queue="notify")


async def deliver_due(resources: Resources) -> int:
    """Attempt what is due, until nothing is; how many attempts that were. Another worker that does so is left to it."""
    async with _alone(resources.database) as connection:
        return await Delivery(resources.settings, connection).run() if connection else 0


class Delivery:
    """The attempts of one worker, on one connection."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._turn = asyncio.Lock()
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._count = 0

    async def run(self) -> int:
        """Until nothing is due, or the time to claim is over and what was claimed is reported."""
        ends: float | None = monotonic() + CLAIM_SECONDS
        try:
            while True:
                if ends is not None and monotonic() < ends:
                    await self._begin()
                elif ends is not None:
                    ends = None
                    await self._hand_over()
                if not self._under_way:
                    return self._count
                await self._wait()
        finally:
            for task in self._under_way:
                task.cancel()

    async def _begin(self) -> None:
        """Claim what there is room for. A single free place is not worth the asking while others are busy."""
        places = PLACES - len(self._under_way)
        if places < PLACES // 4:
            return
        async with self._turn:
            claimed = await claiming.claim(self._connection, places, self._under_way.values())
        self._count += len(claimed)
        for each in claimed:
            self._under_way[asyncio.create_task(self._attempt(each))] = each.channel_id

    async def _hand_over(self) -> None:
        """Receivers that hang keep this worker for a while; another one goes on with what is due."""
        async with self._turn:
            await self._connection.execute("SELECT pg_advisory_unlock(%s)", (DELIVERY_LOCK,))
        await nudge()

    async def _wait(self) -> None:
        done, _ = await asyncio.wait(self._under_way, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._under_way[task]
            task.result()

    async def _attempt(self, claimed: Claimed) -> None:
        """Each is reported as soon as it is known: a slow receiver must not hold up the others' news."""
        begun = monotonic()
        try:
            outcome = await CHANNELS[claimed.kind].send(self._settings, claimed.message)
        except Exception as error:
            log.exception("delivery_failed", notification=claimed.message.notification_ulid, exc_info=error)
            outcome = Outcome("An unexpected error; the log has it.")
        result = judge(outcome, claimed.attempts, monotonic() - begun)
        metrics.NOTIFICATIONS.labels(claimed.kind, "failed" if result.state == "queued" else result.state).inc()
        if result.delivered:
            waited = clock.now() - claimed.message.created_at
            metrics.NOTIFICATION_SECONDS.labels(claimed.kind).observe(waited.total_seconds())
        async with self._turn:
            await claiming.report(self._connection, claimed, result)


def judge(outcome: Outcome, attempts: int, seconds: float) -> Report:
    """What an attempt's outcome means for its notification."""
    state = "delivered" if outcome.delivered else "queued" if _goes_on(outcome, attempts) else "dead"
    wait = max(wait_seconds(attempts), outcome.quiet_seconds)
    return Report(seconds, outcome.delivered, outcome.error, state, wait, outcome.quiet_seconds)


def wait_seconds(attempts: int) -> float:
    """Until the next attempt: twice as long each time; half of it by chance, so that a receiver is not hit by all."""
    whole = min(2.0 ** (attempts - 1), MAX_WAIT_SECONDS)
    return whole / 2 + random.uniform(0, whole / 2)  # noqa: S311 - nothing depends on it being secret


def _goes_on(outcome: Outcome, attempts: int) -> bool:
    return outcome.may_help and attempts < MAX_ATTEMPTS


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[Connection | None]:
    """A connection that holds the lock; None when another worker has it."""
    connection = await database.connect()
    try:
        await connection.execute(_PREPARE)
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (DELIVERY_LOCK,))).fetchone()
        yield connection if row and row[0] else None
    finally:
        try:
            await connection.close()
        except psycopg.Error:
            log.warning("delivery_connection_lost")
