"""GET /data as a few loops over a list of readings: slow, plain, and what the engine must equal.

Instants are microseconds since 1970. Where a bucket begins is found by asking the zone what single instants show.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from app.core import zones

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
CLOCK = {"10s": 10 * SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR}
CLOCK |= {"minute": MINUTE, "hour": HOUR}
DEFAULT_GAP = HOUR


@dataclass(frozen=True)
class Stored:
    """A reading: the number of its server, when, what."""

    server: int
    ts: int
    values: dict[str, float]


@dataclass
class Asked:
    """A query in plain terms; `end` is inclusive."""

    servers: list[int]
    names: list[str]
    start: int | None = None
    end: int | None = None
    interval: str | None = None
    functions: list[str] = field(default_factory=list)
    zone: str = "UTC"
    fill: str = "none"
    by: Callable[[int], str | None] | None = None
    label: str = ""
    condition: Callable[[dict[str, float]], bool] | None = None
    descending: bool = False
    seconds: dict[int, float | None] = field(default_factory=dict)


def local(zone: str, ts: int) -> int:
    """What the clock shows, as if it were UTC."""
    moment = EPOCH + timedelta(microseconds=ts)
    shown = moment.astimezone(zones.load(zone)).replace(tzinfo=UTC)
    return (shown - EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=100_000)
def bucket_of(interval: str, zone: str, ts: int) -> int:
    """Where the bucket of this instant begins."""
    if interval in CLOCK:
        return _clock_bucket(CLOCK[interval], zone, ts)
    begins = (_first_shown(zone, boundary) for boundary in _boundaries(interval, local(zone, ts)))
    return max(begin for begin in begins if begin <= ts)


def _clock_bucket(unit: int, zone: str, ts: int) -> int:
    ahead = local(zone, ts) - ts
    begin = local(zone, ts) // unit * unit - ahead
    # Set in between: the bucket begins at that second.
    while local(zone, begin) - begin != ahead:
        begin = (begin // SECOND + 1) * SECOND
    return begin


def _boundaries(interval: str, shown: int) -> list[int]:
    """Boundaries of local units around what a clock shows."""
    if interval in ("1mo", "1y"):
        moment = EPOCH + timedelta(microseconds=shown)
        months = [moment.year * 12 + moment.month - 1 + step for step in (-13, -2, -1, 0, 1, 2)]
        firsts = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]
        if interval == "1y":
            firsts = [datetime(moment.year + step, 1, 1, tzinfo=UTC) for step in (-1, 0, 1)]
        return [(first - EPOCH) // timedelta(microseconds=1) for first in firsts]
    unit = {"6h": 6 * HOUR, "1d": DAY, "day": DAY, "1w": 7 * DAY}[interval]
    monday = 4 * DAY if interval == "1w" else 0
    here = (shown - monday) // unit * unit + monday
    return [here + step * unit for step in range(-8, 9)]


@lru_cache(maxsize=100_000)
def _first_shown(zone: str, boundary: int) -> int:
    """The first minute at which the clock shows this or later."""
    begin = boundary - 16 * HOUR
    return next(ts for ts in range(begin, begin + 40 * HOUR, MINUTE) if local(zone, ts) >= boundary)


@lru_cache(maxsize=100_000)
def bucket_after(interval: str, zone: str, ts: int) -> int:
    """Where the next bucket begins, found by halving."""
    here, low, step = bucket_of(interval, zone, ts), ts, SECOND
    while bucket_of(interval, zone, low + step) == here:
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if bucket_of(interval, zone, middle) == here else (low, middle)
    return high


def percentile(values: list[float], fraction: float) -> float:
    """PostgreSQL's percentile_cont."""
    ordered = sorted(values)
    rank = fraction * (len(ordered) - 1)
    low, high = int(rank), min(int(rank) + 1, len(ordered) - 1)
    return ordered[low] + (rank - low) * (ordered[high] - ordered[low])


class Cell:
    """One quantity of one group and bucket."""

    def __init__(self) -> None:
        self.values: list[tuple[int, int, float]] = []
        self.increase = self.seconds = self.area = self.covered = 0.0
        self.pairs = 0

    def result(self, function: str, expected: float) -> float | None:
        """What a function makes of it; None for nothing."""
        values = [value for _, _, value in sorted(self.values, key=lambda row: row[:2])]
        if function in ("delta", "rate"):
            return (self.increase / (1 if function == "delta" else self.seconds)) if self.pairs else None
        if function in ("integral", "twa"):
            return self._line(function, values)
        if not values:
            return None
        if function in ("median", "p01", "p25", "p95", "p99.9"):
            return percentile(values, 0.5 if function == "median" else float(function[1:]) / 100)
        if function == "stddev":
            return statistics.stdev(values) if len(values) > 1 else None
        if function == "coverage":
            return min(1.0, len(values) / expected) if expected else 1.0
        simple: dict[str, Callable[[], float]] = {
            "mean": lambda: statistics.fmean(values), "min": lambda: min(values), "max": lambda: max(values),
            "sum": lambda: sum(values), "count": lambda: len(values), "first": lambda: values[0],
            "last": lambda: values[-1],
        }  # fmt: skip
        return simple[function]()

    def _line(self, function: str, values: list[float]) -> float | None:
        if function == "integral":
            return self.area if self.covered or values else None
        if self.covered:
            return self.area / self.covered
        return statistics.fmean(values) if values else None


def answer(readings: list[Stored], asked: Asked) -> list[dict[str, Any]]:
    """The rows of the answer; `timestamp` in microseconds."""
    found = sorted(_within(readings, asked), key=lambda row: (row.ts, row.server))
    rows = _computed(found, asked) if asked.functions else list(_as_stored(found, asked))
    return rows[::-1] if asked.descending else rows


def _within(readings: list[Stored], asked: Asked) -> Iterator[Stored]:
    for row in readings:
        early = asked.start is not None and row.ts < asked.start
        late = asked.end is not None and row.ts > asked.end
        if row.server in asked.servers and not early and not late:
            yield row


def _as_stored(found: list[Stored], asked: Asked) -> Iterator[dict[str, Any]]:
    for row in found:
        shown = {name: row.values[name] for name in asked.names if name in row.values}
        if shown and (asked.condition is None or asked.condition(row.values)):
            yield {"timestamp": row.ts, "server_ulid": row.server, **shown}


def _computed(found: list[Stored], asked: Asked) -> list[dict[str, Any]]:
    if not found and (asked.fill == "none" or asked.start is None or asked.end is None):
        return []
    low = asked.start if asked.start is not None else found[0].ts
    high = asked.end if asked.end is not None else found[-1].ts
    kept = [row for row in found if asked.condition is None or asked.condition(row.values)]
    cells: dict[tuple[int, str | None], dict[str, Cell]] = {}

    def cell(ts: int, server: int, name: str) -> Cell:
        bucket = low if asked.interval is None else bucket_of(asked.interval, asked.zone, ts)
        group = asked.by(server) if asked.by else None
        return cells.setdefault((bucket, group), {}).setdefault(name, Cell())

    for row in kept:
        for name in asked.names:
            if name in row.values:
                cell(row.ts, row.server, name).values.append((row.ts, row.server, row.values[name]))
    for server in asked.servers:
        for name in asked.names:
            points = [(row.ts, row.values[name]) for row in kept if row.server == server and name in row.values]
            _draw(points, server, name, asked, cell)
    return _rows(cells, asked, low, high)


def _draw(
    points: list[tuple[int, float]], server: int, name: str, asked: Asked, cell: Callable[[int, int, str], Cell]
) -> None:
    seconds = asked.seconds.get(server)
    gap = DEFAULT_GAP if seconds is None else 10 * seconds * SECOND
    for (begin, left), (end, right) in pairwise(points):
        later = cell(end, server, name)
        later.pairs += 1
        later.increase += right - left if right >= left else right
        later.seconds += (end - begin) / SECOND
        if end - begin > gap:
            continue
        at = begin
        while at < end:
            until = end if asked.interval is None else min(end, bucket_after(asked.interval, asked.zone, at))
            middle = left + (right - left) * (((at + until) / 2 - begin) / (end - begin))
            piece = cell(at, server, name)
            piece.area += middle * (until - at) / SECOND
            piece.covered += (until - at) / SECOND
            at = until


def _rows(
    cells: dict[tuple[int, str | None], dict[str, Cell]], asked: Asked, low: int, high: int
) -> list[dict[str, Any]]:
    groups = sorted({asked.by(server) if asked.by else None for server in asked.servers}, key=_last)
    buckets = sorted({bucket for bucket, _ in cells})
    if asked.fill != "none" and asked.interval:
        buckets = [bucket_of(asked.interval, asked.zone, low)]
        while (after := bucket_after(asked.interval, asked.zone, buckets[-1])) <= high:
            buckets.append(after)
    columns = {}
    for name in asked.names:
        for function in asked.functions:
            key = f"{name}_{function}" if len(asked.functions) > 1 else name
            for group in groups:
                line = [_value(cells, asked, bucket, group, name, function, low, high) for bucket in buckets]
                columns[key, group] = _filled(line, buckets, asked.fill, function)
    rows = []
    for position, bucket in enumerate(buckets):
        for group in groups:
            shown = {key: line[position] for (key, of), line in columns.items() if of == group}
            if asked.fill == "none":
                shown = {key: value for key, value in shown.items() if value is not None}
            label = {asked.label: group} if asked.label and group is not None else {}
            if shown:
                rows.append({"timestamp": bucket, **label, **shown})
    return rows


def _last(group: str | None) -> tuple[bool, Any]:
    return group is None, "" if group is None else group


def _value(
    cells: dict[tuple[int, str | None], dict[str, Cell]], asked: Asked, bucket: int, group: str | None,
    name: str, function: str, low: int, high: int,
) -> float | None:  # fmt: skip
    found = cells.get((bucket, group), {}).get(name)
    if found is None:
        return None
    expected = 0.0
    if function == "coverage":
        # A range without an end goes up to now.
        now = time.time_ns() // 1000
        end = now if asked.interval is None else bucket_after(asked.interval, asked.zone, bucket)
        if asked.end is not None:
            end = min(end, asked.end + 1)
        begin = bucket if asked.start is None else max(bucket, asked.start)
        for server in asked.servers:
            if asked.by is None or asked.by(server) == group:
                expected += (end - begin) / SECOND / (asked.seconds[server] or 1)
    return found.result(function, expected)


def _filled(line: list[float | None], buckets: list[int], fill: str, function: str) -> list[float | None]:
    if fill == "none":
        return line
    if function in ("count", "coverage"):
        return [value or 0 for value in line]
    return [_fill_one(line, buckets, fill, position) for position in range(len(line))]


def _fill_one(line: list[float | None], buckets: list[int], fill: str, position: int) -> float | None:
    if line[position] is not None or fill == "null":
        return line[position]
    before = [at for at in range(position) if line[at] is not None]
    after = [at for at in range(position, len(line)) if line[at] is not None]
    if fill == "previous":
        return line[before[-1]] if before else None
    if not before or not after:
        return None
    left, right = before[-1], after[0]
    share = (buckets[position] - buckets[left]) / (buckets[right] - buckets[left])
    return line[left] + share * (line[right] - line[left])  # type: ignore[operator]
