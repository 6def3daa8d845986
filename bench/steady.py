"""Devices that send readings when they are due, in a process of its own so that nothing else makes them late.

    python -m bench.steady < plan

The first line of the input is a plan as JSON. Every further line is answered with one: `take` with what came since
the last one, `stop` likewise when everything that was sent has been answered. Each device holds a connection and puts
one reading into a request; when an answer takes longer than the interval the next reading waits behind it, and its time
counts from the moment when it was due. A reading that is refused is not sent again.
"""

import asyncio
import gc
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import uvloop

from bench.load import post, whole_head

# What a device holds back before it drops readings, as one with little memory does.
HELD = 600
# Timers are that coarse: readings that fall due within it go out together.
TICK_SECONDS = 0.001
STOP_SECONDS = 60.0
# Times are counted in steps of 0.1 ms, so that taking them does not sort.
STEPS_PER_SECOND = 10_000
PERIOD_SECONDS = 300.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stamps:
    """Instants of a device: from `first` (µs) on, `step` µs a reading."""

    first: int
    step: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Who sends (identifier, key, instants), and readings a second of all together."""

    port: int
    rate: float
    devices: list[tuple[str, str, Stamps]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came since the last time; `steps` counts acknowledgements by their time in 0.1 ms."""

    steps: Counter[int]
    errors: Counter[str]
    behind: int
    """Readings that are due and not yet answered."""
    cpu_seconds: float
    """Of this process, so far."""


class Client:
    """The process that sends, seen from the one that measures."""

    def __init__(self, plan: Plan) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.steady"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say(json.dumps(asdict(plan)))

    def take(self, word: str = "take") -> Taken:
        self._say(word)
        assert self._process.stdout
        told = json.loads(self._process.stdout.readline())
        steps = Counter({int(step): number for step, number in told["steps"].items()})
        return Taken(steps, Counter(told["errors"]), told["behind"], told["cpu_seconds"])

    def stop(self) -> Taken:
        """Wait until every reading that was sent is answered."""
        return self.take("stop")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class _Device(asyncio.Protocol):
    """One connection, opened again when it broke; one request at a time."""

    def __init__(self, sender: "_Sender", place: int) -> None:
        self._sender = sender
        self._ulid, self._key, self._stamps = sender.plan.devices[place]
        self._phase = place / len(sender.plan.devices)
        self._each = sender.plan.rate / len(sender.plan.devices)
        self._number = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.sent_due = 0.0

    async def connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._sender.plan.port)
        except OSError:
            self._connect_later(0.5)

    def _connect_later(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: self._sender.connecting.add(loop.create_task(self.connect())))

    def offer(self, due: float) -> None:
        """A reading is due."""
        if len(self.waiting) < HELD:
            self.waiting.append((due, self._request()))
            self._send()
        else:
            self._sender.errors["dropped"] += 1
        self._number += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own is none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = whole_head(self._buffer)
        if not head:
            return
        self._sender.answered(head[9:12], self.sent_due)
        self._buffer, self.sent_due = b"", 0.0
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if self.sent_due:
            self._sender.errors["connection"] += 1
        self._transport, self._buffer, self.sent_due = None, b"", 0.0
        self._connect_later(0.0)

    def _send(self) -> None:
        if self._transport and self.waiting and not self.sent_due:
            self.sent_due, request = self.waiting.popleft()
            self._transport.write(request)

    def _request(self) -> bytes:
        instant = (_EPOCH + timedelta(microseconds=self._stamps.first + self._number * self._stamps.step)).isoformat()
        # A room that warms up and cools down within five minutes, each device's at its own time.
        angle = math.tau * (self._phase + self._number / self._each / PERIOD_SECONDS)
        noise = (self._number * 7919) % 11 - 5
        values = {
            "temperature": 24 + 3 * math.sin(angle),
            "humidity": 50 - 6 * math.sin(angle),
            "voltage": 220 + noise / 10,
            "current": 1.4 + noise / 100,
        }
        told = ",".join(f'"{name}":{value:.2f}' for name, value in values.items())
        body = f'{{"server_ulid":"{self._ulid}","timestamp":"{instant}",{told}}}'
        return post("/data", body.encode(), self._key)


class _Sender:
    """All devices, and what came back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.steps: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self._devices = [_Device(self, place) for place in range(len(plan.devices))]
        self._stopping = False
        self.connecting: set[asyncio.Task[None]] = set()
        """Kept, or they would be collected."""

    def answered(self, status: bytes, due: float) -> None:
        if status == b"201":
            self.steps[int((time.perf_counter() - due) * STEPS_PER_SECOND)] += 1
        else:
            self.errors[status.decode()] += 1

    async def run(self) -> None:
        await asyncio.gather(*(device.connect() for device in self._devices))
        threading.Thread(target=self._listen, args=(asyncio.get_running_loop(),), daemon=True).start()
        gc.freeze()
        begun, number = time.perf_counter(), 0
        while not self._stopping:
            now = time.perf_counter()
            while (due := begun + number / self.plan.rate) <= now:
                self._devices[number % len(self._devices)].offer(due)
                number += 1
            await asyncio.sleep(max(TICK_SECONDS, due - now))
        deadline = time.perf_counter() + STOP_SECONDS
        while self._behind() and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        self._tell()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(self._stop if line.strip() == "stop" else self._tell)
        # Whoever measures is gone.
        os._exit(1)

    def _stop(self) -> None:
        self._stopping = True

    def _behind(self) -> int:
        return sum(len(device.waiting) + bool(device.sent_due) for device in self._devices)

    def _tell(self) -> None:
        told = {
            "steps": self.steps,
            "errors": self.errors,
            "behind": self._behind(),
            "cpu_seconds": time.process_time(),
        }
        print(json.dumps(told), flush=True)
        self.steps, self.errors = Counter(), Counter()


def main() -> None:
    """Entry of `python -m bench.steady`."""
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    devices = [(ulid, key, Stamps(**stamps)) for ulid, key, stamps in told["devices"]]
    uvloop.run(_Sender(Plan(told["port"], told["rate"], devices)).run())


if __name__ == "__main__":
    main()
