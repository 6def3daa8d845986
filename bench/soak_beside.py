"""What runs beside the readings of a soak: questions, alert rules with a channel, and a reader of the live stream."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx

from tests.alerts import receiver
from tests.alerts.receiver import Receiver
from tests.system import System

# By the last digit of a question's number; every fifteenth is a raw hour, the rest are the latest values.
KINDS = {3: "minutes", 5: "sealed", 9: "minutes"}
RAW_EVERY = 15
ASKED_SERVERS = 20


class Asker(threading.Thread):
    """One question a second, one after the other."""

    def __init__(self, system: System, live: list[str], late: list[str]) -> None:
        super().__init__(daemon=True)
        self._system, self._live, self._late = system, live, late
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._took: list[tuple[str, float]] = []
        self.errors: Counter[str] = Counter()

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._system.admin_key}"}
        begun, number = time.monotonic(), 0
        with httpx.Client(base_url=self._system.url, headers=headers, timeout=60, trust_env=False) as client:
            while not self._stopped.wait(max(0.0, begun + number - time.monotonic())):
                kind = "raw hour" if number % RAW_EVERY == 0 else KINDS.get(number % 10, "latest")
                self._ask(client, kind, number)
                number += 1

    def take(self) -> dict[str, dict[str, float]]:
        """What was asked since the last time: how often, median and longest in ms."""
        with self._lock:
            took, self._took = self._took, []
        kinds: dict[str, list[float]] = {}
        for kind, seconds in took:
            kinds.setdefault(kind, []).append(seconds * 1e3)
        return {
            kind: {"count": len(ms), "p50_ms": round(median(ms), 1), "worst_ms": round(max(ms), 1)}
            for kind, ms in kinds.items()
        }

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _ask(self, client: httpx.Client, kind: str, number: int) -> None:
        path, asked = self._question(kind, number)
        started = time.perf_counter()
        with client.stream("GET", path, params=asked) as answer:
            for _ in answer.iter_raw(2**16):
                pass
        if answer.status_code != 200:
            self.errors[str(answer.status_code)] += 1
        with self._lock:
            self._took.append((kind, time.perf_counter() - started))

    def _question(self, kind: str, number: int) -> tuple[str, dict[str, Any]]:
        live, late = self._live[number % len(self._live)], self._late[number % len(self._late)]
        now = datetime.now(UTC)
        if kind == "latest":
            return "/data/latest", {"server_ulid": self._live[:ASKED_SERVERS]}
        if kind == "sealed":
            start = (now - timedelta(hours=13)).isoformat()
            return "/data", {"server_ulid": late, "start_time": start, "aggregation": "minute"}
        hour = {"server_ulid": live, "start_time": (now - timedelta(hours=1)).isoformat()}
        return "/data", hour | ({"aggregation": "minute"} if kind == "minutes" else {})


class Stream(threading.Thread):
    """A browser that watches every server: bytes and frames, not looked at."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        self._system = system
        self._stopped = threading.Event()
        self.frames = 0
        self.received = 0
        self.openings = 0
        """How often it was opened; more than once: it broke."""

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._system.admin_key}"}
        while not self._stopped.is_set():
            self.openings += 1
            try:
                self._read(headers)
            except httpx.TransportError:
                time.sleep(1)

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _read(self, headers: dict[str, str]) -> None:
        url = f"{self._system.url}/data/stream"
        with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as answer:
            for chunk in answer.iter_raw():
                self.frames += chunk.count(b"\nevent: ")
                self.received += len(chunk)
                if self._stopped.is_set():
                    return


def _rules(some: list[str]) -> dict[str, dict[str, Any]]:
    """Of the first, each server's room passes the level once in five minutes."""
    warm = {"kind": "threshold", "quantity": "temperature", "above": 26.5, "hysteresis": 0.5, "hold_seconds": 5}
    humid = {"kind": "threshold", "quantity": "humidity", "above": 55}
    steep = {"kind": "rate", "quantity": "temperature", "above": 5, "per": "minute", "window_seconds": 60}
    return {
        "warm": {"condition": warm, "server_ulids": some, "reopen_seconds": 0},
        "warm and humid": {"condition": {"kind": "all", "conditions": [warm | {"hold_seconds": 0}, humid]}},
        "steep": {"condition": steep},
        "silent": {"condition": {"kind": "nodata", "quantity": "voltage", "for_seconds": 60}},
        "offline": {"condition": {"kind": "offline", "hold_seconds": 5}},
    }


class Beside:
    """All of it, at work."""

    def __init__(self, asker: Asker, stream: Stream, told: Receiver) -> None:
        self.asker = asker
        self._stream = stream
        self._told = told

    def take(self) -> dict[str, Any]:
        """For a sample."""
        return {
            "questions": self.asker.take(),
            "question_errors": sum(self.asker.errors.values()),
            "stream_frames": self._stream.frames,
            "stream_mb": round(self._stream.received / 1e6, 1),
            "stream_openings": self._stream.openings,
            "notifications": len(self._told.deliveries),
        }


@contextmanager
def running(system: System, live: list[str], late: list[str]) -> Iterator[Beside]:
    """Make the rules and the channel, open the stream, begin to ask."""
    with ExitStack() as stack:
        told = stack.enter_context(receiver.running())
        headers = {"Authorization": f"Bearer {system.admin_key}"}
        with httpx.Client(base_url=system.url, headers=headers, timeout=60, trust_env=False) as client:
            channel = {"kind": "webhook", "name": "receiver", "url": told.url("/ok")}
            made = client.post("/channels", json=channel).raise_for_status().json()
            for name, rule in _rules(live[:ASKED_SERVERS]).items():
                client.post(
                    "/rules", json={"name": name, "channel_ids": [made["channel_id"]], **rule}
                ).raise_for_status()
        asker, stream = Asker(system, live, late), Stream(system)
        for each in (asker, stream):
            each.start()
            stack.callback(each.stop)
        yield Beside(asker, stream, told)
