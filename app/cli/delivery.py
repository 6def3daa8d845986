"""Posting readings so that each acknowledged one is counted, and written down, exactly once.

A reading is repeated until it is acknowledged or refused for good: repeating is safe, because the system
merges by server and instant. Backlog and concurrency are bounded.
"""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

import httpx

from app.cli.client import RETRYABLE, Connection, parsed, refusal, unreachable
from app.cli.console import CommandFailed

Reading = dict[str, Any]

# Posts under way at once. One process of httpx is busy at about 16; twice that hides the commit's wait.
CONCURRENCY = 32
# Posts that wait for a free connection; past it the maker of readings waits, so memory stays flat.
WAITING = 4 * CONCURRENCY
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_ADVICE = 0.2, 5.0, 30.0
# A restart takes seconds; who is away for longer than this is down, and the reading counts as failed.
GIVE_UP_SECONDS = 60.0


@dataclass
class Tally:
    """What became of the readings so far. `retried` counts posts, everything else readings."""

    handed_over: int = 0
    acknowledged: int = 0
    failed: int = 0
    retried: int = 0
    left_out: int = 0
    skipped: int = 0
    first_refusal: str = ""

    @property
    def unsettled(self) -> int:
        """Handed over, with no final answer yet."""
        return self.handed_over - self.acknowledged - self.failed

    def refuse(self, count: int, reason: str) -> None:
        self.failed += count
        self.first_refusal = self.first_refusal or reason


@dataclass
class Delivery:
    """A bounded queue of chunks of readings, and what its workers do with them."""

    connection: Connection
    tally: Tally
    ledger: TextIO | None
    queue: asyncio.Queue[list[Reading]] = field(default_factory=lambda: asyncio.Queue(WAITING))

    async def put(self, chunk: list[Reading]) -> None:
        """Hand over up to 1,000 readings; waits while the backlog is full."""
        await self.queue.put(chunk)
        self.tally.handed_over += len(chunk)

    async def settle(self) -> None:
        """Wait until every chunk handed over is acknowledged or failed."""
        await self.queue.join()

    def forget_waiting(self) -> None:
        """Drop what no worker has taken up yet; it stays unsettled in the tally."""
        while not self.queue.empty():
            self.queue.get_nowait()
            self.queue.task_done()

    async def work(self, trust: ssl.SSLContext) -> None:
        """Deliver chunk after chunk, on one connection of its own.

        A client a worker: one client's pool looks through all its connections at each request, which at 32
        of them cost more than the request.
        """
        async with httpx.AsyncClient(**self.connection.options(), verify=trust) as client:
            while True:
                chunk = await self.queue.get()
                await self._deliver(client, chunk)
                self.queue.task_done()

    async def _deliver(self, client: httpx.AsyncClient, chunk: list[Reading]) -> None:
        """Post until acknowledged, refused, or GIVE_UP_SECONDS have passed."""
        clock = asyncio.get_running_loop().time
        deadline, attempt = clock() + GIVE_UP_SECONDS, 0
        while True:
            response, reason = await self._post(client, chunk)
            if response is not None and response.status_code not in RETRYABLE:
                self._record(chunk, response, reason)
                return
            pause = pause_before_retry(attempt, response)
            if clock() + pause > deadline:
                self.tally.refuse(len(chunk), reason)
                return
            self.tally.retried += 1
            attempt += 1
            await asyncio.sleep(pause)

    async def _post(self, client: httpx.AsyncClient, chunk: list[Reading]) -> tuple[httpx.Response | None, str]:
        """The answer, None when there was none, and why it is not the one hoped for."""
        try:
            response = await client.post("/data", json=chunk[0] if len(chunk) == 1 else chunk)
        except httpx.RequestError as error:
            return None, unreachable(error, self.connection)
        return response, "" if response.is_success else refusal(response, self.connection)

    def _record(self, chunk: list[Reading], response: httpx.Response, reason: str) -> None:
        """Count an answer that will not change. Raises CommandFailed when the key is no longer good."""
        if response.status_code in (401, 403):
            raise CommandFailed(reason)
        if reason:
            self.tally.refuse(len(chunk), reason)
            return
        rejected = _rejected(parsed(response, self.connection)) if len(chunk) > 1 else {}
        for detail in rejected.values():
            self.tally.refuse(1, detail)
        self._acknowledge([reading for index, reading in enumerate(chunk) if index not in rejected])

    def _acknowledge(self, readings: list[Reading]) -> None:
        """Count, and write to the ledger: whole lines, flushed, after the 2xx and never before."""
        self.tally.acknowledged += len(readings)
        if self.ledger is not None and readings:
            self.ledger.write("".join(json.dumps(reading) + "\n" for reading in readings))
            self.ledger.flush()


@asynccontextmanager
async def delivering(connection: Connection, tally: Tally, ledger: TextIO | None) -> AsyncIterator[Delivery]:
    """A Delivery whose workers run until the block ends; a worker's fatal error ends the block and is raised."""
    trust = httpx.create_ssl_context(trust_env=connection.options()["trust_env"])
    delivery = Delivery(connection, tally, ledger)
    try:
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(delivery.work(trust)) for _ in range(CONCURRENCY)]
            yield delivery
            for worker in workers:
                worker.cancel()
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def pause_before_retry(attempt: int, response: httpx.Response | None) -> float:
    """Seconds to wait: what Retry-After asks, else doubling from 0.2 to 5 s; spread so that clients part."""
    advice = response.headers.get("Retry-After", "") if response is not None else ""
    spread = random.uniform(1.0, 1.25)  # noqa: S311 (a pause, not a secret)
    if advice.isdecimal():
        return min(float(advice), LONGEST_ADVICE) * spread
    return min(FIRST_PAUSE * 2.0 ** min(attempt, 10), LONGEST_PAUSE) * spread


def _rejected(receipt: dict[str, Any]) -> dict[int, str]:
    """Index and reason of each reading of an array that was not stored."""
    return {int(item["index"]): str(item["detail"]) for item in receipt["rejected"]}
