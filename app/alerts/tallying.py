"""What a backtest counts while the one function runs: incidents with their peaks, and silences."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from app.alerts.conditions import Batch, Changes, Rule, States, evaluate
from app.alerts.conditions.batch import Float, Int
from app.alerts.conditions.levels import Levels

DAY = 86_400_000_000
# Of the readings behind an incident so many are shown.
SHOWN = 20


@dataclass(slots=True)
class Incident:
    """One that is shown; instants are microseconds, `closed` None while it is open."""

    server: int
    since: int
    opened: int
    value: float
    closed: int | None = None
    peak: float = np.nan
    peak_at: int | None = None
    excess: float = -np.inf
    readings: list[tuple[int, float]] = field(default_factory=list)


@dataclass(slots=True)
class Judged:
    """What one condition held against its levels in a batch: rows (n,) by server and instant."""

    server: Int
    ts: Int
    values: Float


@dataclass(slots=True)
class Silences:
    """Silences of s servers that are longer than `gap`, microseconds."""

    start: int
    gap: int
    readings: Int
    first: Int
    last: Int
    silent: Int

    @classmethod
    def new(cls, size: int, start: int, gap: int) -> "Silences":
        zeros = np.zeros(size, np.int64)
        return cls(start, gap, zeros, np.full(size, -1), np.full(size, start), zeros.copy())

    def add(self, server: Int, ts: Int) -> None:
        """The next readings (n,) of servers, by server and instant."""
        begin = np.flatnonzero(np.append(True, server[1:] != server[:-1])[: len(server)])
        own, last = server[begin], np.append(begin[1:], len(server)) - 1
        gaps = np.diff(ts, prepend=ts[:1])
        gaps[begin] = ts[begin] - self.last[own]
        long = np.flatnonzero(gaps > self.gap)
        np.add.at(self.silent, server[long], gaps[long])
        new = self.readings[own] == 0
        self.first[own[new]] = ts[begin[new]]
        self.readings[own] += last - begin + 1
        self.last[own] = ts[last]

    def end(self, end: int) -> None:
        """There are no more until `end`."""
        rest = end - self.last
        self.silent += np.where(rest > self.gap, rest, 0)


@dataclass(slots=True)
class Tally:
    """Everything that is counted; `kept` are the newest incidents."""

    rule: Rule
    states: States
    silences: Silences
    limit: int
    flap: int
    open: dict[int, Incident] = field(default_factory=dict)
    kept: list[Incident] = field(default_factory=list)
    durations: list[Int] = field(default_factory=list)
    counts: Int = field(init=False)
    total: Int = field(init=False)
    ended: Int = field(init=False)
    """When each server's last incident ended."""
    flaps: int = 0
    days: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        size = len(self.states.on)
        self.counts, self.total = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self.ended = np.full(size, -(2**61))

    @property
    def levels(self) -> Levels | None:
        """Of a rule of one condition, if that has any."""
        (part, *more) = self.rule.parts
        return None if more or part.kind in ("offline", "nodata") else part.levels

    def add(self, batch: Batch) -> Judged | None:
        """Evaluate the next batch and count what comes of it; what its readings were judged by, for one condition."""
        seen: list[Judged] = []
        self.states, changes = evaluate(
            self.rule, self.states, batch, lambda server, ts, values: seen.append(Judged(server, ts, values))
        )
        if len(batch.ts):
            present = np.zeros(len(batch.ts), np.bool_)
            for column in batch.values.values():
                present |= ~np.isnan(column)
            self.silences.add(batch.server[present], batch.ts[present])
        judged = seen[0] if self.levels is not None and seen else None
        self._count(changes)
        self._keep(changes, judged)
        return judged

    def finish(self, end: int) -> None:
        """The range ends: what is open is so until then."""
        self.silences.end(end)
        for incident in self.open.values():
            self.durations.append(np.array([end - incident.opened]))
            self.total[incident.server] += end - incident.opened
            self.kept.append(incident)
        self._trim()

    def _count(self, changes: Changes) -> None:
        begun, ended = np.flatnonzero(changes.on), np.flatnonzero(~changes.on)
        np.add.at(self.counts, changes.server[begun], 1)
        days, counts = np.unique(changes.ts[begun] // DAY, return_counts=True)
        self.days.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
        self._count_flaps(changes, begun, ended)
        lengths = changes.ts[ended] - self._began(changes, ended)
        np.add.at(self.total, changes.server[ended], lengths)
        self.durations.append(lengths)

    def _began(self, changes: Changes, off: Int) -> Int:
        """When those that ended had opened: at the change before, or in an earlier batch."""
        before = np.maximum(off - 1, 0)
        inside = (off > 0) & (changes.server[before] == changes.server[off])
        began = changes.ts[before]
        for place in np.flatnonzero(~inside).tolist():
            began[place] = self.open[int(changes.server[off[place]])].opened
        return began

    def _count_flaps(self, changes: Changes, on: Int, off: Int) -> None:
        before = np.maximum(on - 1, 0)
        inside = (on > 0) & (changes.server[before] == changes.server[on])
        ended = np.where(inside, changes.ts[before], self.ended[changes.server[on]])
        self.flaps += int(np.count_nonzero(changes.ts[on] - ended <= self.flap))
        self.ended[changes.server[off]] = changes.ts[off]

    def _keep(self, changes: Changes, judged: Judged | None) -> None:
        """Follow those incidents that may be shown: what is open, and the last ones of each server."""
        for server in sorted({*np.unique(changes.server).tolist(), *self.open}):
            begin, end = np.searchsorted(changes.server, [server, server + 1]).tolist()
            rows = _rows(judged, server)
            if server in self.open:
                self._measure(self.open[server], rows, changes.ts[begin : min(begin + 1, end)])
                if begin < end:
                    self._close(server, int(changes.ts[begin]))
                    begin += 1
            # They alternate, beginning with one that opens.
            skipped = max(0, (end - begin) // 2 - self.limit) * 2
            for place in range(begin + skipped, end, 2):
                self._open(changes, place, end, rows)
        if len(self.kept) > 4 * self.limit:
            self._trim()

    def _open(self, changes: Changes, place: int, end: int, rows: Judged | None) -> None:
        server = int(changes.server[place])
        found = Incident(server, int(changes.since[place]), int(changes.ts[place]), float(changes.value[place]))
        self.open[server] = found
        until = changes.ts[place + 1 : min(place + 2, end)]
        self._measure(found, rows, until)
        if len(until):
            self._close(server, int(until[0]))

    def _close(self, server: int, at: int) -> None:
        ended = self.open.pop(server)
        ended.closed = at
        self.kept.append(ended)

    def _trim(self) -> None:
        self.kept = sorted(self.kept, key=lambda incident: (-incident.opened, incident.server))[: self.limit]

    def _measure(self, incident: Incident, rows: Judged | None, until: Int) -> None:
        """Its peak within these rows, up to the instant (0 or 1) at which it ends in them, and the readings behind."""
        levels = self.levels
        if rows is None or levels is None:
            return
        begin = int(np.searchsorted(rows.ts, incident.opened))
        end = int(np.searchsorted(rows.ts, until[0])) if len(until) else len(rows.ts)
        if not incident.readings:
            incident.readings = _behind(rows, incident)
        if begin < end:
            excess = levels.excess(rows.values[begin:end])
            at = int(np.argmax(excess))
            if excess[at] > incident.excess:
                incident.excess = float(excess[at])
                incident.peak, incident.peak_at = float(rows.values[begin + at]), int(rows.ts[begin + at])


def _rows(judged: Judged | None, server: int) -> Judged | None:
    if judged is None:
        return None
    begin, end = np.searchsorted(judged.server, [server, server + 1]).tolist()
    return Judged(judged.server[begin:end], judged.ts[begin:end], judged.values[begin:end])


def _behind(rows: Judged, incident: Incident) -> list[tuple[int, float]]:
    """Readings from since to opened, both ends among them, evenly picked."""
    first = int(np.searchsorted(rows.ts, incident.since))
    last = int(np.searchsorted(rows.ts, incident.opened, "right")) - 1
    if last < first:
        return []
    few = last - first < SHOWN
    picked = np.arange(first, last + 1) if few else np.unique(np.linspace(first, last, SHOWN).astype(np.int64))
    return list(zip(rows.ts[picked].tolist(), rows.values[picked].tolist(), strict=True))
