"""Metrics of every process of the installation, gathered by files that `/metrics` adds up.

prometheus_client decides at its first import whether it counts across processes, so this is the only module that
imports it, and it names the folder first. Each process writes files of its own, named by host and pid.
"""

import os
import socket
import time
from bisect import bisect_left
from collections import Counter as Counts

from app.core.settings import get_settings

_HOST = socket.gethostname().replace("_", "-")
_ROOT = get_settings().data_dir / "metrics"
_FOLDER = _ROOT / _HOST
# A sum over processes must not fall while the installation runs: Prometheus would take the fall for a restart and
# count everything again. So counters outlive their process, and go a day after it.
_FORGET_SECONDS = 86_400


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _forget_the_dead() -> None:
    for file in _ROOT.glob("*/*.db"):
        pid = file.stem.rsplit("_", 1)[-1]
        gone = file.parent != _FOLDER or not _lives(pid)
        level = file.parent == _FOLDER and file.name.startswith("gauge_live")
        if gone and (level or time.time() - file.stat().st_mtime > _FORGET_SECONDS):
            file.unlink(missing_ok=True)


_FOLDER.mkdir(parents=True, exist_ok=True)
_forget_the_dead()
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_FOLDER)

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

# Their types, for who keeps a metric's child.
__all__ = ["Counter", "Histogram"]


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

# Seconds: a group commit takes 1 to 20 ms, a year's query up to a second.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("sentinela_http_requests_total", "Requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("sentinela_http_request_seconds", "Time to answer", ["method", "route"], buckets=_SECONDS)
READINGS = Counter("sentinela_readings_total", "Readings by what became of them", ["outcome"])
COMMIT_SECONDS = Histogram("sentinela_commit_seconds", "Time of one group commit", buckets=_SECONDS)
BATCH_READINGS = Histogram(
    "sentinela_batch_readings", "Readings in one group commit", buckets=(1, 4, 16, 64, 256, 1024, 4096, 16384)
)
BACKLOG = Gauge("sentinela_backlog_readings", "Readings waiting for their commit", multiprocess_mode="livesum")
NOTIFICATIONS = Counter("sentinela_notifications_total", "Attempts to deliver", ["channel", "outcome"])
PRESENCE_CHANGES = Counter("sentinela_presence_changes_total", "Servers that came or went", ["status"])
SEALED = Counter("sentinela_sealed_readings_total", "Hot readings that left for a segment")
SEGMENTS = Counter("sentinela_segments_written_total", "Segments written by the sealer")
SEAL_LAG = Gauge(
    "sentinela_seal_lag_seconds", "Age of the oldest reading that is due for sealing", multiprocess_mode="mostrecent"
)
VERIFIED = Counter("sentinela_segments_verified_total", "Segments looked at by what was found", ["outcome"])
DRIFT = Gauge(
    "sentinela_segment_drift",
    "Largest relative error of a statistic in the last sample of segments",
    multiprocess_mode="mostrecent",
)
TASKS = Counter("sentinela_tasks_total", "Celery tasks by outcome", ["task", "outcome"])
STREAMS = Gauge("sentinela_streams", "Open live streams", multiprocess_mode="livesum")
STREAMS_DROPPED = Counter("sentinela_streams_dropped_total", "Live streams ended because their reader was too slow")
PASSWORD_HASHES = Counter("sentinela_password_hashes_total", "Argon2 computations")


class Observations:
    """Gathers observations of a histogram and writes them together: one at a time costs 8 µs in several files."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._seconds: list[float] = []

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


class _EveryHost(MultiProcessCollector):
    """Adds up the files of this host's processes and of the containers that share the data folder."""

    def __init__(self) -> None:
        self._path = str(_ROOT)

    def collect(self):  # type: ignore[no-untyped-def]
        return self.merge([str(file) for file in _ROOT.glob("*/*.db")], accumulate=True)  # type: ignore[no-untyped-call]
