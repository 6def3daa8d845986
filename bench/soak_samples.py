"""What a soak is told by: memory of every process, bytes on disk, and what becomes of them over the hours."""

from collections import Counter
from functools import reduce
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import psycopg

from bench.steady import STEPS_PER_SECOND
from tests.faults.processes import ROLES, below, find
from tests.system import System

NAMES = dict(zip(ROLES, ("API", "worker", "beat", "watcher", "Valkey", "PostgreSQL"), strict=True))
_SIZES = """
    SELECT pg_database_size(current_database()), pg_total_relation_size('reading'),
        pg_total_relation_size('segment') + pg_total_relation_size('segment_column'),
        pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
        coalesce(sum(count), 0)::bigint, coalesce(sum(count) FILTER (WHERE server_id = ANY(%s)), 0)::bigint,
        count(*)
    FROM segment
"""
_STORED = "SELECT (SELECT count(*) FROM reading) + (SELECT coalesce(sum(count), 0)::bigint FROM segment)"


def memory(system: System) -> dict[str, dict[str, float]]:
    """By role, of all its processes together: MB of RSS and PSS, CPU seconds, how many there are."""
    return {name: _held(find(system, role)) for role, name in NAMES.items()}


def _held(first: psutil.Process | None) -> dict[str, float]:
    rss = pss = cpu = number = 0.0
    for process in [first, *below(first)] if first else []:
        try:
            held, times = process.memory_full_info(), process.cpu_times()
        except psutil.Error:
            continue
        rss, pss = rss + held.rss / 1e6, pss + held.pss / 1e6
        cpu, number = cpu + times.user + times.system, number + 1
    return {"rss_mb": round(rss, 2), "pss_mb": round(pss, 2), "cpu_seconds": round(cpu, 2), "processes": number}


class Disk:
    """Asks the database of a system over one connection."""

    def __init__(self, system: System, late: list[int]) -> None:
        self._connection = psycopg.connect(system.database_url, autocommit=True)
        self._late = late
        self._wal_folder = next(system.data_dir.rglob("pg_wal"))

    def sizes(self) -> dict[str, float]:
        """MB (WAL: what lies there, and what was written in all), readings in segments, and how many segments."""
        row = self._connection.execute(_SIZES.encode(), (self._late,)).fetchone()
        assert row
        megabytes = dict(
            zip(
                ("database_mb", "rows_mb", "segments_mb", "wal_written_mb"),
                (round(n / 1e6, 2) for n in row[:4]),
                strict=True,
            )
        )
        sealed = {"sealed": row[4], "sealed_late": row[5], "segments": row[6]}
        return megabytes | {"wal_mb": round(_bytes_below(self._wal_folder) / 1e6, 2)} | sealed

    def stored(self) -> int:
        """Readings, as rows and in segments."""
        row = self._connection.execute(_STORED.encode()).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        self._connection.close()


def _bytes_below(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            # Recycled just now.
            continue
    return total


def percentile_ms(steps: Counter[int], share: float) -> float:
    """Of counted times, milliseconds; 0 of none."""
    if not steps:
        return 0.0
    ascending = sorted(steps)
    wanted = share * steps.total()
    passed = zip(ascending, accumulate(steps[step] for step in ascending), strict=True)
    return next(step for step, so_far in passed if so_far >= wanted) * 1e3 / STEPS_PER_SECOND


def course(samples: list[dict[str, Any]], *path: str) -> list[float]:
    """One number of every sample, by the names that lead to it."""
    return [reduce(lambda found, name: found[name], path, sample) for sample in samples]  # type: ignore[misc]


def slope_per_hour(samples: list[dict[str, Any]], *path: str) -> float:
    """By least squares over the second half of the samples; 0 of too few."""
    half = samples[len(samples) // 2 :]
    if len(half) < 3:
        return 0.0
    hours = np.array(course(half, "second")) / 3600
    return float(np.polyfit(hours, course(half, *path), 1)[0])


def figures(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """What the samples say in all."""
    quarter = max(1, len(samples) // 4)
    slopes = {
        name: {kind: round(slope_per_hour(samples, "memory", name, f"{kind}_mb"), 2) for kind in ("rss", "pss")}
        for name in NAMES.values()
    }
    return {
        "mb_per_hour": slopes,
        "p99_ms": {
            "first quarter": median(course(samples[:quarter], "p99_ms")),
            "last quarter": median(course(samples[-quarter:], "p99_ms")),
        },
        "segments_mb_per_hour": round(slope_per_hour(samples, "disk", "segments_mb"), 1),
    }
