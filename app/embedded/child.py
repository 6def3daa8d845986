"""One child process of the supervisor: started, signalled, and told apart from its dead predecessors."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from app.core.process import die_with_parent
from app.embedded.account import Account, run_as

FIRST_BACKOFF_SECONDS = 0.2
MAX_BACKOFF_SECONDS = 5.0
# A child that ran so long was well; its next death starts the backoff anew.
WELL_SECONDS = 10.0


@dataclass(frozen=True)
class Spec:
    """How a child runs and ends."""

    name: str
    command: list[str]
    cwd: Path
    env: Mapping[str, str]
    stop_rank: int
    """Children stop in this order, equal ranks together."""
    log: Path | None = None
    """Where its output goes; None: to the terminal."""
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the supervisor is killed."""
    clean: Callable[[], None] | None = None
    """Ends and removes what a killed predecessor left; runs before each start and after a kill."""


class Child:
    """A child in its own session and process group, so that a Ctrl-C in the terminal reaches the supervisor only."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.failures = 0
        self.due = 0.0
        """When it may be started again, by time.monotonic()."""
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; from the main thread, since the kernel ties a child's end to the thread that started it."""
        if self.spec.clean:
            self.spec.clean()
        with ExitStack() as files:
            self._process = self._spawn(self._output(files))
        self._started = time.monotonic()

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def bury(self) -> str | None:
        """How it ended, once for each end, or None while it runs; also sets when it may start again."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        # Its own children must not hold its port or its files against the successor.
        self.kill()
        self._process = None
        self._back_off()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def stop(self) -> None:
        """Ask it to end."""
        if self._process and self.running():
            self._process.send_signal(self.spec.stop_signal)

    def kill(self) -> None:
        """End it and its whole process group now."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        finally:
            self._process.wait()

    def _back_off(self) -> None:
        if time.monotonic() - self._started > WELL_SECONDS:
            self.failures = 0
        self.due = time.monotonic() + min(FIRST_BACKOFF_SECONDS * 2**self.failures, MAX_BACKOFF_SECONDS)
        self.failures += 1

    def _output(self, files: ExitStack) -> IO[bytes] | None:
        return files.enter_context(self.spec.log.open("ab")) if self.spec.log else None

    def _spawn(self, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - commands are lists made by this package
            self.spec.command,
            cwd=self.spec.cwd,
            env=self.spec.env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **run_as(self.spec.account),
            start_new_session=True,
            # Runs after the change of user, which would forget it. Nothing but one system call happens in it.
            preexec_fn=partial(die_with_parent, self.spec.death_signal, parent=os.getpid()),
        )
