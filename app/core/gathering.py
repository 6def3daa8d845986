"""How metrics of every process of the installation are gathered: by files that `/metrics` adds up.

prometheus_client decides at its first import whether it counts across processes, so this is the only module that
imports it, and it names the folder first. Each process writes files of its own, named by host and pid.
"""

import os
import socket
import time
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from app.core import living
from app.core.settings import get_settings

_HOST = socket.gethostname().replace("_", "-")
_ROOT = get_settings().data_dir / "metrics"
_FOLDER = _ROOT / _HOST
# A sum over processes must not fall while the installation runs: Prometheus would take the fall for a restart and
# count everything again. So counters outlive their process, and go a day after it.
_FORGET_SECONDS = 86_400


def _forget_the_dead() -> None:
    for file in _ROOT.glob("*/*.*"):
        # Others who start now do the same.
        with suppress(FileNotFoundError):
            if _is_left_behind(file) or (not _lives(file) and time.time() - file.stat().st_mtime > _FORGET_SECONDS):
                file.unlink()


def _lives(file: Path) -> bool:
    """Whether the process does whose file this is."""
    return living.lives(file.parent, file.stem.rsplit("_", 1)[-1])


def _is_left_behind(file: Path) -> bool:
    """Whether it holds levels, which say something of a living process alone, of one that has died."""
    return file.name.startswith("gauge_live") and not _lives(file)


def _begin() -> None:
    """What a dead process of the same pid has left would count on as this one's."""
    for file in _FOLDER.glob(f"gauge_live*_{os.getpid()}.db"):
        file.unlink(missing_ok=True)


_FOLDER.mkdir(parents=True, exist_ok=True)
_begin()
_SIGN = living.Sign(_FOLDER)
os.register_at_fork(after_in_child=_begin)
_forget_the_dead()
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_FOLDER)

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

# For app.core.metrics, which says what is counted.
__all__ = ["Counter", "Gauge", "Histogram"]


class _Pid:
    """This process's number without a system call, which the library makes at every count; right after a fork."""

    def __init__(self) -> None:
        self.look()
        os.register_at_fork(after_in_child=self.look)

    def look(self) -> None:
        self._pid = os.getpid()

    def __call__(self) -> int:
        return self._pid


values.ValueClass = values.MultiProcessValue(_Pid())  # type: ignore[no-untyped-call]


class Observations:
    """Gathers observations of a histogram and writes them together: one at a time costs 8 µs in several files."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._seconds: list[float] = []

    @property
    def gathered(self) -> Sequence[float]:
        """What has gathered, in the order in which it came."""
        return self._seconds

    def add(self, seconds: float) -> int:
        """Keep one; returns how many have gathered."""
        self._seconds.append(seconds)
        return len(self._seconds)

    def write(self) -> int:
        """Count what has gathered; returns how many. The library has no call for several values at once."""
        seconds, self._seconds = self._seconds, []
        bounds = self._histogram._upper_bounds
        for bucket, count in Counts(bisect_left(bounds, value) for value in seconds).items():
            self._histogram._buckets[bucket].inc(count)
        self._histogram._sum.inc(sum(seconds))
        return len(seconds)


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """The metrics of all processes in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_EveryHost())
    return generate_latest(registry)


class Described(NamedTuple):
    """A metric as docs/monitoring.md lists it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str

    @property
    def samples(self) -> tuple[str, ...]:
        """The names under which it can be asked for."""
        if self.kind == "histogram":
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_count", "_sum"))
        return (self.name,)


def catalogue() -> list[Described]:
    """Every metric of this project that exists, in the order of its definition."""
    found = []
    for metric in REGISTRY._collector_to_names:
        if isinstance(metric, (Counter, Gauge, Histogram)) and metric._name.startswith("sentinela_"):
            total = "_total" if metric._type == "counter" else ""
            labels = tuple(metric._labelnames)
            found.append(Described(metric._name + total, metric._type, labels, metric._documentation))
    return found


class _EveryHost(MultiProcessCollector):
    """Adds up the files of this host's processes and of the containers that share the data folder."""

    def __init__(self) -> None:
        self._path = str(_ROOT)

    def collect(self):  # type: ignore[no-untyped-def]
        files = [str(file) for file in _ROOT.glob("*/*.db") if not _is_left_behind(file)]
        return self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
