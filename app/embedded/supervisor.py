"""Starts children, starts them again when they die, and stops all of them in order."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from types import FrameType, TracebackType

from app.embedded.child import Child, Spec
from app.embedded.errors import StartError

TICK_SECONDS = 0.05
# Together below the 5 s that a stop may take. A rank that is done early leaves its time to the next.
STOP_SECONDS = 4.2
# What is kept for each rank that is still to come. An idle Celery worker needs 2.2 s, Valkey and PostgreSQL 0.1 s
# each; but PostgreSQL's checkpoint is worth waiting for.
KEPT_FOR_LATER_RANKS_SECONDS = 0.7
# A child that dies so often before the system was ready has a fault that another start does not mend.
MAX_EARLY_FAILURES = 3


class StopRequested(BaseException):
    """Somebody asked the system to stop; no error, so that nothing catches it on the way."""


class Supervisor:
    """Owns the children; leaving its `with` block stops every one of them.

    Signals ask for a stop; the first raises StopRequested at a safe point, later ones change nothing.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._asked = False
        self._abortable = False
        self._ready = False

    def __enter__(self) -> "Supervisor":
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup has set SIGHUP to be ignored, and means it.
            if name is not signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
                signal.signal(name, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asked = True
        self._abortable = False
        self._stop_all()

    def start(self, spec: Spec) -> Child:
        """Start a child and keep it running from now on."""
        self.checkpoint()
        child = Child(spec)
        self._children.append(child)
        child.start()
        return child

    def wait_for(self, what: str, ready: Callable[[], bool], seconds: float) -> None:
        """Watch the children until `ready()`. Raises: StartError after `seconds`, or when a child keeps dying."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise StartError(f"{what} did not get ready within {seconds:.0f} s")
            self.pause()

    def run(self) -> None:
        """Keep the children running until somebody asks for a stop."""
        self._ready = True
        while True:
            self.pause()

    def pause(self) -> None:
        """One round: look after the children, then sleep a moment."""
        self.checkpoint()
        for child in self._children:
            self._look_after(child)
        time.sleep(TICK_SECONDS)
        self.checkpoint()

    def checkpoint(self) -> None:
        """A safe point: raises StopRequested when a signal has come."""
        if self._asked:
            raise StopRequested

    @contextmanager
    def abortable(self) -> Iterator[None]:
        """A block that starts no process, so that a signal may end it at any point."""
        self.checkpoint()
        self._abortable = True
        try:
            yield
        finally:
            self._abortable = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature is Python's
        first, self._asked = not self._asked, True
        if first and self._abortable:
            raise StopRequested

    def _look_after(self, child: Child) -> None:
        end = child.bury()
        name = child.spec.name
        if end and not self._ready and child.failures >= MAX_EARLY_FAILURES:
            where = f"see {child.spec.log}" if child.spec.log else "see its messages above"
            raise StartError(f"{name} {end} at every start; {where}")
        if end:
            self._say(f"{name} {end}; starting it again in {child.due - time.monotonic():.1f} s")
        if child.pid is None and time.monotonic() >= child.due:
            child.start()

    def _stop_all(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        children = sorted((c for c in self._children if c.pid), key=lambda child: child.spec.stop_rank)
        ranks = [list(members) for _, members in groupby(children, key=lambda child: child.spec.stop_rank)]
        for index, rank in enumerate(ranks):
            kept = (len(ranks) - 1 - index) * KEPT_FOR_LATER_RANKS_SECONDS
            _stop_together(rank, deadline - kept)


def _stop_together(children: list[Child], deadline: float) -> None:
    for child in children:
        child.stop()
    while any(child.running() for child in children) and time.monotonic() < deadline:
        time.sleep(TICK_SECONDS / 5)
    for child in children:
        forced = child.running()
        child.kill()
        if forced and child.spec.clean:
            child.spec.clean()
