"""Twenty questions a second to a system, whatever happens to it, and how they were answered."""

import itertools
import threading
import time
from collections import Counter
from types import TracebackType

import httpx

from tests.system import System

THREADS = 4
RATE = 20


class Questions:
    """Asks in threads while the `with` block lasts."""

    def __init__(self, system: System, server_ulid: str) -> None:
        self._system = system
        self._paths = itertools.cycle(
            [
                f"/data?server_ulid={server_ulid}&aggregation=minute",
                f"/data?server_ulid={server_ulid}&aggregation=10s&function=max&function=p95",
                f"/data?server_ulid={server_ulid}&order=desc&limit=100",
                "/data/latest",
                "/health/all",
            ]
        )
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(THREADS)]
        self.answers: Counter[int] = Counter()
        """How often each status came; 0 stands for a connection that broke, or no answer within ten seconds."""

    def __enter__(self) -> "Questions":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self._system.admin_key}"}
        with httpx.Client(base_url=self._system.url, headers=headers, timeout=10, trust_env=False) as client:
            while not self._stop.is_set():
                due = time.monotonic() + THREADS / RATE
                try:
                    self.answers[client.get(next(self._paths)).status_code] += 1
                except httpx.TransportError:
                    self.answers[0] += 1
                self._stop.wait(max(0.0, due - time.monotonic()))
