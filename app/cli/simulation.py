"""The clockwork of `simulate`: which reading is due when, and what is left out on purpose."""

import asyncio
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

from app.cli.client import Connection
from app.cli.curves import Plant
from app.cli.delivery import Delivery, Reading, Tally, delivering
from app.cli.progress import Line

# What a server in the field would hold back in memory: older readings are dropped, so a system that is too
# slow for the asked rate shows as skipped readings and not as a clock that runs ever further behind.
BUFFER_SECONDS = 30.0
# The last due readings are still sent when the end has just passed.
GRACE_SECONDS = 2.0
# After Ctrl-C: enough for posts under way, well within the 5 s in which `up` stops everything.
STOP_SECONDS = 1.0
# A reading that waits longer for company would make its server look late, or even offline.
GATHER_SECONDS = 1.0
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Plan:
    """What to simulate: server i sends plant i's readings, `rate` a second each.

    `seconds` None means until stopped; at most `batch` readings go into one request.
    """

    ulids: list[str]
    plants: list[Plant]
    rate: float
    seconds: float | None
    batch: int
    gaps: bool
    outages: bool

    @property
    def step(self) -> float:
        """Seconds between two readings of the whole fleet; servers take turns."""
        return 1.0 / (self.rate * len(self.ulids))

    @property
    def chunk(self) -> int:
        """Readings gathered for one request: `batch`, but not more than come due within GATHER_SECONDS."""
        return min(self.batch, max(1, int(GATHER_SECONDS / self.step)))

    @property
    def total(self) -> int | None:
        """How many readings come due, None without an end."""
        return None if self.seconds is None else round(self.seconds / self.step)


class Run:
    """One simulation under way: readings are made in the order of their instants."""

    def __init__(self, plan: Plan, delivery: Delivery) -> None:
        self.plan = plan
        self.delivery = delivery
        self.tally = delivery.tally
        # Instants count from one look at the wall clock, pauses by a clock that is never set back.
        self.begin = time.time()
        self.clock = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.clock

    async def produce(self) -> None:
        """Make each reading when it is due, hand them over in chunks, and wait for their answers."""
        chunk: list[Reading] = []
        number, total = 0, self.plan.total
        while total is None or number < total:
            if total is not None and self.elapsed() > total * self.plan.step + GRACE_SECONDS:
                self.tally.skipped += total - number
                break
            await self._until(number * self.plan.step)
            chunk += self._made(number)
            if len(chunk) >= self.plan.chunk:
                await self.delivery.put(chunk)
                chunk = []
            number += 1
        if chunk:
            await self.delivery.put(chunk)
        await self.delivery.settle()

    async def _until(self, due: float) -> None:
        wait = due - self.elapsed()
        # Also when late: with room in the queue nothing else here would let the posts proceed.
        await asyncio.sleep(max(0.0, wait))

    def _made(self, number: int) -> list[Reading]:
        """The reading that is due as number `number`, or nothing when it is left out or too late."""
        due = number * self.plan.step
        if self.elapsed() - due > BUFFER_SECONDS:
            self.tally.skipped += 1
            return []
        index = number % len(self.plan.ulids)
        plant, instant = self.plan.plants[index], self.begin + due
        if (self.plan.outages and plant.silent(instant)) or (self.plan.gaps and plant.dropped(instant)):
            self.tally.left_out += 1
            return []
        return [{"server_ulid": self.plan.ulids[index], "timestamp": stamp(instant), **plant.reading(instant)}]


def stamp(instant: float) -> str:
    """Unix seconds as ISO 8601 in UTC with microseconds, which keep 1,000 readings a second apart."""
    moment = EPOCH + timedelta(microseconds=round(instant * 1_000_000))
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


async def run_until_done(plan: Plan, connection: Connection, ledger: TextIO | None, line: Line) -> tuple[Tally, float]:
    """Simulate until the plan's end, SIGINT or SIGTERM; the tally and how long it took, seconds.

    Raises CommandFailed when the key is refused while the simulation runs.
    """
    tally = Tally()
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    async with delivering(connection, tally, ledger) as delivery:
        run = Run(plan, delivery)
        producing = asyncio.create_task(run.produce())
        reporting = asyncio.create_task(_report(run, line))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({producing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _end(producing, delivery)
        finally:
            for task in (producing, reporting, stopping):
                task.cancel()
    return tally, run.elapsed()


async def _end(producing: asyncio.Task[None], delivery: Delivery) -> None:
    """Nothing more to do when all is sent; after a signal let the posts under way finish, for a moment."""
    if producing.done():
        producing.result()
        return
    producing.cancel()
    delivery.forget_waiting()
    try:
        await asyncio.wait_for(delivery.settle(), STOP_SECONDS)
    except TimeoutError:
        return


async def _report(run: Run, line: Line) -> None:
    """Renew the progress line; its readings/s are those of the last period."""
    before = 0
    while True:
        await asyncio.sleep(line.period)
        tally = run.tally
        speed = (tally.acknowledged - before) / line.period
        before = tally.acknowledged
        line.show(
            f"{run.elapsed():,.0f} s · {speed:,.0f} readings/s · {tally.acknowledged:,} acknowledged"
            f" · {tally.retried:,} retried · {tally.failed:,} failed"
        )
